"""How each model that ships is trained, and how it does beside random forests."""
