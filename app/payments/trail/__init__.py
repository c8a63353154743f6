"""From a payout to its payments, to their orders, to the bank's notices or the cards; and back."""
