"""The play bank: a phone page that scans and pays, and the notices a bank sends about it."""
