"""Whether a model is as sure as it is right, and how its probabilities are made to mean that."""
