"""How right a map is: what the toolbox shows of it."""
