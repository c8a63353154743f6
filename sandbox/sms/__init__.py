"""The play phone network: every text message the platform sends lands in one inbox that anyone here can read."""
