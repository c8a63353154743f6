"""What is kept back of collected money: the platform's commission and the seller's tax, by dated rules."""
