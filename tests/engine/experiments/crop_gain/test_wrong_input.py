"""What a crop gain cannot use: each is one sentence, and leaves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.experiments.crop_gain.job import crop_gain
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable, NoOverlap
from crop_classifier_plugin.shared.errors.rasters import IndexOutOfRange
from crop_classifier_plugin.shared.jobs.fusion import Prediction
from crop_classifier_plugin.shared.jobs.sources import Extent, LabelSource, SceneSource, Series
from kits.fusion.crop_gain import HEIGHT, WIDTH, job, write_place
from kits.rasters import write_raster


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("gain"))


def twice(place: Path) -> tuple[Prediction, ...]:
    return tuple(Prediction(SceneSource(str(place / f"NDVI_{n}_20240715.tif")), "B") for n in ("real", "noise"))


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        (lambda p: {"predictions": twice(p)}, BadInput, "are both the prediction 'B' of 2024-07-15"),
        (
            lambda p: {"labels": LabelSource(str(p / "truth.tif"), choice=ClassChoice(("rye",)))},
            BadInput,
            "no class 'rye' to leave out",
        ),
        (lambda p: {"labels": LabelSource(str(p / "fields.gpkg"))}, LabelsUnusable, "name the field with their class"),
        (
            lambda p: {"labels": LabelSource(str(p / "fields.gpkg"), class_field="name")},
            LabelsUnusable,
            "has no field 'name'",
        ),
        (lambda p: {"before": "2024-01-01"}, BadInput, "No scene lies between"),
        (lambda p: {"before": "spring"}, Exception, "'spring' of the end of the early season cannot be read"),
        (lambda p: {"split": "block", "block": 100}, BadInput, "lie in one block of 100 pixels"),
        (lambda p: {"index": "EVI"}, BadInput, "No predicted image has the band EVI"),
        (lambda p: {"predictions": (Prediction(SceneSource(str(p / "far_20240715.tif"))),)}, NoOverlap, "far_20240715"),
        (
            lambda p: {"predictions": (Prediction(SceneSource(str(p / "wild_20240715.tif"))),)},
            IndexOutOfRange,
            "within -1 and 1",
        ),
        (
            lambda p: {"predictions": (Prediction(SceneSource(str(p / "void_20240715.tif"))),)},
            LabelsUnusable,
            "void 2024-07",
        ),
        (
            lambda p: {"early": Series((SceneSource(str(p / "early")),), extent=ONE_FIELD)},
            LabelsUnusable,
            "of one class",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    place: Path, tmp_path: Path, changes: Any, kind: type[Exception], says: str
) -> None:
    far = {"transform": rasterio.Affine(10, 0, 600000, 0, -10, 5650000)}
    for name, value, profile in (("far", 0.5, far), ("wild", 5000, {}), ("void", np.nan, {})):
        array = np.full((1, HEIGHT, WIDTH), value, np.float32)
        write_raster(place / f"{name}_20240715.tif", array, names=["NDVI"], nodata=np.nan, **profile)
    with pytest.raises(kind) as caught:
        crop_gain(job(place, tmp_path, **changes(place)), Silent())
    assert says in caught.value.sentence  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


ONE_FIELD = Extent(500000, 5650000 - 110, 500110, 5650000, "")


def test_job_refuses_what_cannot_be_meant(place: Path, tmp_path: Path) -> None:
    for changes, says in (
        ({"predictions": ()}, "No predicted image"),
        ({"labels": LabelSource("l.gpkg", legend="legend.json")}, "leave the legend legend.json out"),
        ({"labels": LabelSource("l.gpkg", month_fields=(("2024-05", "may"),))}, "classes by month"),
        ({"report_csv": ""}, "No output was named"),
        ({"held_out": 1.0}, "leaves nothing to learn from"),
        ({"seeds": 0}, "at least 1"),
        ({"split": "random"}, "'random' is unknown"),
    ):
        with pytest.raises(BadInput, match=says):
            job(place, tmp_path, **changes)


def test_labels_are_valid_from_birth() -> None:
    with pytest.raises(BadInput, match="No labels were given"):
        LabelSource("")
    with pytest.raises(BadInput, match="'2024-13' of the labels cannot be read"):
        LabelSource("l.gpkg", month_fields=(("2024-13", "f"),))
