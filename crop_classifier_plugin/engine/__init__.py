"""The engine: reads rasters, runs networks, writes rasters. Knows nothing of QGIS."""
