"""The commune office: what waits for an officer, amendments, and decisions about many registrations at once."""
