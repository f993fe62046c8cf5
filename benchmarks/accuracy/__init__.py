"""How right: runs the protocols of engine/experiments."""
