"""What a map says of parcels, and of what was declared for them."""
