"""What `make bench` runs. Every figure is a ratio within one run: machines are noisy, ratios less so."""
