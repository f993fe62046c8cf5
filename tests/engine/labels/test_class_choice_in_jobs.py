"""Jobs with classes left out and merged do as if labels (and map) had been written so."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.writer import LEGEND_TAG
from crop_classifier_plugin.engine.training.model_folder.card_texts import describe_training_data
from crop_classifier_plugin.engine.training.supervised.job import gather
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.diagnosis import run, season, write_map
from kits.rasters import write_raster
from kits.training.two_series import SIDE, job_of, write_place

CROPS = ("maize", "wheat", "winter wheat", "hedge", "rye")
CHOICE = ClassChoice(("hedge",), (("winter wheat", "wheat"),))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parcels of five crops, of which rye has a single one."""
    folder = write_place(tmp_path_factory.mktemp("choice"))
    frame = gpd.read_file(folder / "parcels.gpkg")
    frame["crop"] = [CROPS[i % 4] for i in range(len(frame))]
    frame.loc[5, "crop"] = "rye"
    frame.to_file(folder / "parcels.gpkg")
    frame["crop"] = frame["crop"].replace("winter wheat", "wheat").replace({"hedge": None})
    frame.to_file(folder / "written.gpkg")
    return folder


def gathered(place: Path, folder: Path, **changes: object) -> tuple:
    facts = {"min_dates": 1, "network": "unet_3d", "settings": (), "min_parcels": 1} | changes
    folder.mkdir()
    job, legend = resolve_job(job_of(place, folder, **facts), Silent())
    return job, legend, gather(job, legend, folder, Silent(), 32)


def names(legend: Legend, target: np.ndarray) -> list[list[str]]:
    return [[legend.names[i] if i >= 0 else "" for i in row] for row in target.tolist()]


@pytest.mark.parametrize("kind", ["polygons", "raster", "legend"])
def test_a_training_learns_as_from_labels_that_were_written_so(place: Path, tmp_path: Path, kind: str) -> None:
    changes: dict[str, object] = {"choice": CHOICE}
    if kind == "raster":
        codes = np.kron(np.arange(64).reshape(8, 8) % 4 + 1, np.ones((8, 8))).astype(np.uint8)
        codes[:8, 40:48] = 5
        legend = Legend(tuple(CropClass(i, crop, "#000000") for i, crop in enumerate(CROPS, start=1)))
        changes |= {"labels": str(write_raster(tmp_path / "l.tif", codes[None], nodata=0)), "class_field": ""}
        write_names(tmp_path / "l.tif", legend)
    if kind == "legend":
        (tmp_path / "legend.json").write_text(LEGEND_TEXT)
        changes["legend"] = str(tmp_path / "legend.json")
    job, legend, material = gathered(place, tmp_path / "a", **changes)
    _, other, written = gathered(place, tmp_path / "b", labels=str(place / "written.gpkg"))
    assert set(legend.names) == set(other.names) == {"maize", "wheat", "rye"}
    assert names(legend, material.train[0].target) == names(other, written.train[0].target)
    told = describe_training_data([job.labels], material.train, len(legend))
    assert "classes (without hedge; winter wheat as wheat) in" in told
    assert "winter wheat" in next(crop.aliases for crop in legend if crop.name == "wheat")
    assert material.train[0].target.shape == (SIDE, SIDE)


@pytest.mark.parametrize(("rare", "left"), [("", {"maize", "wheat"}), ("other", {"maize", "wheat", "other"})])
def test_rare_classes_are_left_out_or_become_another(place: Path, tmp_path: Path, rare: str, left: set[str]) -> None:
    choice = ClassChoice(CHOICE.exclude, CHOICE.merge, 0.053, rare)
    job, legend, _ = gathered(place, tmp_path / "a", choice=choice)
    assert set(legend.names) == left
    assert "rye" in job.labels.choice.names
    with pytest.raises(BadInput, match="no class 'barley' to leave out or merge"):
        gathered(place, tmp_path / "b", choice=ClassChoice(("barley",)))


@pytest.mark.parametrize(("method", "told"), [("parcel", True), ("block", False), ("side", False)])
def test_points_that_are_parted_at_random_are_warned_of(place: Path, tmp_path: Path, method: str, told: bool) -> None:
    frame = gpd.read_file(place / "parcels.gpkg")
    frame.set_geometry(frame.representative_point()).to_file(tmp_path / "points.gpkg")
    asked = job_of(place, tmp_path, labels=str(tmp_path / "points.gpkg"), split=method, min_dates=1, network="unet_3d",
                   settings=(), min_parcels=1)  # fmt: skip
    job, legend = resolve_job(asked, Silent())
    reporter = Silent()
    material = gather(job, legend, tmp_path, reporter, 32)
    assert material.unit == "point"
    assert sum(int((season.part > 0).sum()) for season in material.train) <= 64
    assert any("Points are parted at random" in text for _, text in reporter.lines) == told


def test_a_diagnosis_counts_as_if_map_and_reference_had_been_written_so(tmp_path: Path) -> None:
    truth, mapped = season((60, 80))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    reference = write_map(tmp_path / "truth.tif", truth)
    crop_map = write_map(tmp_path / "map.tif", mapped)
    legend = run(tmp_path / "a", crop_map, reference)[1]["classes"]
    first, second, third = (row["name"] for row in legend)
    asked = ClassChoice((third,), ((second, first),))
    _, found = run(tmp_path / "a", crop_map, reference, choice=asked)
    codes = [row["code"] for row in legend]
    truth[truth == codes[1]], mapped[mapped == codes[1]], truth[truth == codes[2]] = codes[0], codes[0], 0
    _, other = run(tmp_path / "b", write_map(tmp_path / "m.tif", mapped), write_map(tmp_path / "t.tif", truth))
    assert found["matrix"] == other["matrix"]
    assert [row["name"] for row in found["classes"]] == [first, third]
    assert any(f"without {third}; {second} as {first}" in note for note in found["notes"])


LEGEND_TEXT = (
    "["
    + ",".join(f'{{"code": {20 + i}, "name": "{crop}", "colour": "#00000{i}"}}' for i, crop in enumerate(CROPS))
    + "]"
)


def write_names(path: Path, legend: Legend) -> None:
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**{LEGEND_TAG: json.dumps(legend.to_dict())})
