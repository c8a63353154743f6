"""Layout, components, static files, and the pages that compose rooms."""
