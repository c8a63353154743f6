"""Everything that runs the platform on one machine: embedded PostgreSQL, the example province, the demo."""
