"""Administrative units of two tiers since July 2025, the hamlets below them, and where the old communes went."""
