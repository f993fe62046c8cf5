"""Setting up the engine, and a simulated season to try things out on."""
