"""Two records of one household become one, on the word of two officers, with a way back."""
