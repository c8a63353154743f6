"""Who is signed in, with which roles, over which areas."""
