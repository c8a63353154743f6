"""Reading a list: the long part, which a job does chunk by chunk."""
