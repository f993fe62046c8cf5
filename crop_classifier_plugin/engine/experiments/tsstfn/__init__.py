"""TSSTFN beside STARFM: simulated places with a hidden July and August, and a pair of real images."""
