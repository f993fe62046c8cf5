"""A simulated season for demos, tests and benchmarks."""
