"""A map made cleaner after it was made, with books kept of what that does to its accuracy."""
