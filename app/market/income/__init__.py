"""What a seller earned, what is on its way, what was kept back and why; and the statement of a year as PDF."""
