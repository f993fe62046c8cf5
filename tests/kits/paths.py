"""Where things lie in this checkout."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CROP_DATA", REPOSITORY.parent / "shared" / "data"))
FLANDERS = DATA / "flanders_AC91C"  # real scenes, where they are at hand
MATO_GROSSO = DATA / "modis_mato_grosso"  # real NDVI of two crops a year, where it is at hand
