"""The province at a glance: households by commune and week, shops, welfare accounts, teams."""
