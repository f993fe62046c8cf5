"""STARFM: fine and coarse images fused by weights of similar neighbours."""
