"""How well hidden clear observations of real NDVI are filled."""
