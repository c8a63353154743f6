"""What the bank says when asked: its feed, polled, and its statements, imported by hand. Both find lost notices."""
