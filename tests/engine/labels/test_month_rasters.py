"""Class rasters of labels that change by month: the same classes and parts as polygons with a field a month."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.legend_from_labels import one_legend
from crop_classifier_plugin.engine.training.supervised.job import gather
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.month_rasters import month_rasters
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.sources import LabelSource, MonthRaster
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.rasters import write_raster
from kits.training.two_series import SIDE, job_of, write_place

MONTHS = ("2024-05", "2024-06")
CROPS = {1: "maize", 2: "wheat", 3: "soil"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("months"))


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    """(2,H,W): parcels of 8 px; wheat is soil in June, and one parcel says nothing in May."""
    may = np.kron(np.add.outer(np.arange(8), np.arange(8)) % 2 + 1, np.ones((8, 8))).astype(np.uint8)
    june = np.where(may == 2, 3, may).astype(np.uint8)
    may[:8, :8] = 0
    return np.stack([may, june])


def write_folder(codes: np.ndarray, folder: Path) -> Path:
    for name, each in zip(("crops_202405.tif", "Jun_2024.tif"), codes):
        write_raster(folder / name, each[None], nodata=0)
    return folder


def write_bands(codes: np.ndarray, path: Path) -> Path:
    return write_raster(path, codes, nodata=0, names=MONTHS)


def monthly_job(place: Path, folder: Path, labels: Path | str, **changes: object) -> TrainJob:
    facts: dict[str, object] = {
        "class_field": "", "network": "vunet_convlstm", "min_dates": 1, "windows": ((1, 30),) * 5,
        "settings": (("widths", "4"), ("hidden", "4")), "min_parcels": 1,
    }  # fmt: skip
    if Path(labels).is_dir() or Path(labels).suffix == ".tif":
        rasters = month_rasters(str(labels))
        labels, facts = rasters[0].path, facts | {"month_rasters": rasters}
    return job_of(place, folder, labels=str(labels), **(facts | changes))


@pytest.mark.parametrize("kind", ["folder", "bands"])
def test_they_say_what_polygons_with_a_field_a_month_say(
    place: Path, codes: np.ndarray, tmp_path: Path, kind: str
) -> None:
    labels = write_folder(codes, tmp_path / "l") if kind == "folder" else write_bands(codes, tmp_path / "l.tif")
    frame = gpd.read_file(place / "parcels.gpkg")
    centres = [(int((5650000 - p.y) // 10), int((p.x - 500000) // 10)) for p in frame.geometry.centroid]
    for month, each in zip(("May", "June"), codes):
        frame[month] = [CROPS.get(int(each[at])) for at in centres]
    frame.drop(columns="crop").to_file(tmp_path / "polygons.gpkg")
    fields = (("2024-05", "May"), ("2024-06", "June"))
    found = []
    polygons = monthly_job(place, tmp_path, tmp_path / "polygons.gpkg", month_fields=fields)
    for name, given in (("a", monthly_job(place, tmp_path, labels)), ("b", polygons)):
        (tmp_path / name).mkdir()
        job, legend = resolve_job(given, Silent())
        seasons = gather(job, legend, tmp_path / name, Silent(), 32).train
        said = [np.array([CROPS.get(_code(legend.names[i]), legend.names[i]) if i >= 0 else "" for i in s.target.flat])
                for s in seasons]  # fmt: skip
        found.append((said, [season.part for season in seasons], [season.month for season in seasons]))
    assert found[0][2] == found[1][2] == list(MONTHS)
    for one, other in zip(found[0][0] + found[0][1], found[1][0] + found[1][1]):
        np.testing.assert_array_equal(one, other)
    assert found[0][1][0].shape == (SIDE, SIDE)


def _code(name: str) -> int:
    """Of a class that its raster does not name."""
    number = re.fullmatch(r"class (\d+)", name)
    return int(number[1]) if number else 0


def test_a_parcel_is_a_region_of_one_sequence_of_classes(place: Path, codes: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    job, legend = resolve_job(monthly_job(place, tmp_path, write_folder(codes, tmp_path / "l")), Silent())
    may, june = gather(job, legend, tmp_path / "g", Silent(), 32).train
    assert len(june.parcels.areas) == 64
    assert len(may.parcels.areas) == 63
    assert june.parcels.unit == "connected region"


def test_names_without_a_month_and_months_given_twice_are_refused(codes: np.ndarray, tmp_path: Path) -> None:
    write_raster(tmp_path / "crops.tif", codes, nodata=0, names=("2024-05", "what"))
    with pytest.raises(LabelsUnusable, match="no month for what: name files, or describe bands, as 2019-10"):
        month_rasters(str(tmp_path / "crops.tif"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabelsUnusable, match="no month for any raster"):
        month_rasters(str(tmp_path / "empty"))
    twice = (MonthRaster("2024-05", "a.tif"), MonthRaster("2024-05", "b.tif"))
    with pytest.raises(BadInput, match="One month is given twice"):
        LabelSource("a.tif", month_rasters=twice)
    with pytest.raises(BadInput, match="give one of both"):
        LabelSource("a.tif", class_field="crop", month_rasters=twice[:1])


def test_a_code_has_one_name_in_all_of_them() -> None:
    first = Legend((CropClass(1, "Maize", "#000000"), CropClass(2, "class 2", "#000000")))
    second = Legend((CropClass(1, "class 1", "#000000"), CropClass(2, "Rye", "#000000")))
    whole = one_legend([("a.tif", first, (2,)), ("b.tif", second, (1,))])
    assert [(crop.code, crop.name) for crop in whole] == [(1, "Maize"), (2, "Rye")]
    other = replace(second, classes=(CropClass(1, "Oats", "#000000"),))
    with pytest.raises(LabelsUnusable, match=r"code 1 is Maize in a.tif and Oats in b.tif"):
        one_legend([("a.tif", first, ()), ("b.tif", other, ())])


def test_the_band_of_a_file_is_read_alone(codes: np.ndarray, tmp_path: Path) -> None:
    path = write_bands(codes, tmp_path / "l.tif")
    for number, raster in enumerate(month_rasters(str(path))):
        with rasterio.open(raster.dataset) as dataset:
            np.testing.assert_array_equal(dataset.read(1), codes[number])
            assert dataset.nodata == 0
