"""Making the engine's environment, and telling what is wrong with one."""
