"""Documents made wrong in the ways that people, programs and attackers make them wrong: `mutated(document, rng)`
of each kind, where `rng` is a random.Random. What is given is never changed."""
