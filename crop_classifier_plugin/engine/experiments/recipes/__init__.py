"""The recipes that networks are trained by, on simulated seasons: how soon they learn, and what is held out."""
