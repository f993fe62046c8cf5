"""How soon a list of parcels to look at comes to those that a map has wrong."""
