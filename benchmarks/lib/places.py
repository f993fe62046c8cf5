"""Where benchmarks find things, and where they leave them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crop_classifier_plugin.engine.experiments.places import Places

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CROP_DATA", ROOT.parent / "shared" / "data"))  # real data sets, a folder each
CACHE = ROOT / "build" / "benchmarks"
RESULTS = ROOT / "benchmarks" / "results"


@contextmanager
def places(data: Path = DATA) -> Iterator[Places]:
    """With a folder to work in, gone at the end."""
    with tempfile.TemporaryDirectory() as work:
        yield Places(data, ROOT / "resources" / "legends", Path(work))
