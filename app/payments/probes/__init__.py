"""Test transfers: 1,000 đ of the platform's own money, to see whether a bank account takes any."""
