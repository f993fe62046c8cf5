"""What the docks share: runs in the background, what the project remembers, .ui files."""
