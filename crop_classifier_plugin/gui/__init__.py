"""What a person sees: docks and panels. The GUI asks, an algorithm does."""
