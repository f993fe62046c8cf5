"""The engine: reads rasters, runs networks, writes rasters. Knows nothing of QGIS."""

from .access.gdal_lock import lock

lock()  # before any of the engine's modules loads GDAL
