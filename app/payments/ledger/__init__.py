"""Double entry in đồng; the only writer of balances."""
