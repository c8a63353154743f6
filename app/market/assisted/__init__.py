"""A team member writes goods down for a household; they go on sale once the household says yes."""
