"""One file a network, one contract."""
