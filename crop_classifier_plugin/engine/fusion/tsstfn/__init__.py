"""TSSTFN: fine images forecast by a trained network."""
