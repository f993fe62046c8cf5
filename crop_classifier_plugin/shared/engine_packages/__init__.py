"""What the engine is made of: lists with ranges, lock files with hashes. Standard library only."""
