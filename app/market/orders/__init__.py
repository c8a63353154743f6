"""Carts, orders and the stock they hold until they are paid."""
