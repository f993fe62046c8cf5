"""The table of units that somebody looks at, and what becomes of the answers."""
