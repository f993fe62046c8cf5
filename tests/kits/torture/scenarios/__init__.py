"""What befalls runs, each with its own counts."""
