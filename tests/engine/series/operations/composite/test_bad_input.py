"""Bad input to a composite: one sentence, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent, Stop
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.shared.errors import BadInput, Cancelled, DateUnreadable, IndexOutOfRange
from crop_classifier_plugin.shared.jobs.sources import Extent
from kits.rasters import write_raster
from kits.series.composites import job


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bands": ("B03",)}, "B03"),
        ({"bands": ("B99",)}, "'B99' is unknown"),
        ({"bands": ("B04", "VV")}, "both surface reflectance and backscatter"),
        ({"first": "2030-01-01"}, "No scene lies between 2030-01-01"),
        ({"first": "2023-05-01", "last": "2023-01-01"}, "2023-05-01"),
        ({"first": "2023-04-01"}, "clouded or empty on all dates (2023-04-05, 2023-04-20)"),
        ({"stack": "map.png"}, "map.png is not a GeoTIFF"),
        ({"series": {"extent": Extent(0, 0, 1, 1, "EPSG:99999999")}}, "EPSG:99999999"),
        ({"series": {"mask": "fmask"}}, "has no Fmask mask band"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(cloudy: Path, changes: Any, says: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it says is checked
        composite(job(cloudy, **changes), Silent())
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not list(cloudy.parent.rglob("*.part*"))
    assert not list(cloudy.parent.rglob("out/*.tif"))


def test_unreadable_dates_and_mixed_units(tmp_path: Path) -> None:
    write_raster(tmp_path / "s" / "S1_20230101.tif", np.full((1, 4, 4), -12, np.float32), names=["VV"])
    write_raster(tmp_path / "s" / "S1_20230113.tif", np.full((1, 4, 4), 0.05, np.float32), names=["VV"])
    with pytest.raises(BadInput, match="2023-01-13"):
        composite(job(tmp_path / "s", method="mean"), Silent())
    with pytest.raises(DateUnreadable, match="'May'"):
        composite(job(tmp_path / "s", first="May"), Silent())
    with pytest.raises(BadInput, match="highest NDVI cannot be found from VV"):
        composite(job(tmp_path / "s", method="max_ndvi"), Silent())
    write_raster(tmp_path / "n" / "NDVI_20230113.tif", np.full((1, 4, 4), 7000, np.int16), names=["NDVI"])
    with pytest.raises(IndexOutOfRange, match=r"NDVI_20230113\.tif reach 7000"):
        composite(job(tmp_path / "n"), Silent())


def test_cancelled_leaves_nothing(cloudy: Path) -> None:
    class Late(Silent):
        def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
            if done == 2:
                self.stop.set()
            super().progress(fraction, message, done, total)

    with pytest.raises(Cancelled):
        composite(job(cloudy, stack=str(cloudy.parent / "stack.tif")), Late(Stop()))
    assert sorted(p.name for p in cloudy.parent.rglob("*") if p.is_file()) == sorted(p.name for p in cloudy.iterdir())
