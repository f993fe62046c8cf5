"""Fixtures of the composites' tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.series.composites import CLOUDED, scene


@pytest.fixture
def cloudy(tmp_path: Path) -> Path:
    """Four scenes in January and February, two in April, none in March; April's are clouded all over."""
    rng = np.random.default_rng(5)
    for day in ("20230104", "20230118", "20230203", "20230222", "20230405", "20230420"):
        fine, coarse = rng.integers(100, 4000, (3, 24, 32)), rng.integers(100, 4000, (1, 12, 16))
        scl = rng.choice([4, 5, *CLOUDED], (12, 16)) if day < "20230400" else np.full((12, 16), 9)
        scene(tmp_path / "s", day, fine, coarse, scl)
    return tmp_path / "s"
