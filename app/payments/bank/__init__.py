"""Word that money arrived: three providers' notices, one inbox, matching."""
