"""The card gateway's payouts to our collection account, matched to the payments and fees they are made of."""
