"""The card of a model: what it takes, what it gives, what it was trained on."""
