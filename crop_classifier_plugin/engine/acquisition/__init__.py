"""Scenes looked for in STAC catalogues and fetched: the one room that reads from the network."""
