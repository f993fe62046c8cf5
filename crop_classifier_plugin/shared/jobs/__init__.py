"""What QGIS or a terminal asks of the engine: each job a frozen dataclass with its kind and its entry point."""
