"""How fast, with how much memory."""
