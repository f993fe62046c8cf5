"""TSSTFN trained on base pairs of fine and coarse images."""
