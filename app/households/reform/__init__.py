"""Area reform: communes merge, split and trade hamlets; households stay who they are."""
