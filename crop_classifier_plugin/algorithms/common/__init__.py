"""What the algorithms share: the road to the engine, and parameters that many of them have."""
