"""What the metadata that travel with products say: those of SAFE folders, and STAC items."""
