"""QGIS's zonal histogram of a raster over parcels, by the Python of QGIS: `zonal_histogram.py RASTER PARCELS TABLE`.

Prints the processor seconds of the algorithm alone.
"""

from __future__ import annotations

import os
import sys
import time

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.analysis import QgsNativeAlgorithms
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

PREFIX = "n_"  # of the fields, a class each


def main(raster: str, parcels: str, table: str) -> None:
    app = QgsApplication([], False)
    app.initQgis()
    registry = QgsApplication.processingRegistry()
    registry.addProvider(QgsNativeAlgorithms(registry))
    asked = {"INPUT_RASTER": raster, "RASTER_BAND": 1, "INPUT_VECTOR": parcels, "COLUMN_PREFIX": PREFIX}
    histogram = registry.createAlgorithmById("native:zonalhistogram")
    started = time.process_time()
    _, done = histogram.run(asked | {"OUTPUT": table}, QgsProcessingContext(), QgsProcessingFeedback(False))
    print(time.process_time() - started)
    app.exitQgis()
    if not done:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
