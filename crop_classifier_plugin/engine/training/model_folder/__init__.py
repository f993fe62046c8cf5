"""What a training leaves: weights, card, provenance; and what it starts from."""
