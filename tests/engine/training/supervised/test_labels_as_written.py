"""Labels to learn from follow the rule of references: 0 may be a class, codes stay codes, any spelling is the name."""

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.legend_from_labels import legend_of
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.engine.training.supervised.job import gather
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.legend import Legend
from kits.rasters import write_raster
from kits.training.two_series import SIDE, job_of


@pytest.mark.parametrize("nodata", [255, None, 0])
def test_0_is_learnt_where_it_is_a_class_and_gets_another_code(place: Path, tmp_path: Path, nodata: int) -> None:
    codes = np.kron(np.arange(4).reshape(2, 2), np.ones((SIDE // 2, SIDE // 2), int)).astype(np.float32)
    path = write_raster(tmp_path / "truth.tif", codes[None], nodata=nodata)
    job = job_of(place, tmp_path, labels=str(path), class_field="", min_dates=1, network="unet_3d", settings=())
    reporter = Silent()
    job, legend = resolve_job(job, reporter)
    (season,) = gather(job, legend, tmp_path, reporter, 32).train
    asked = {"class 1": 1, "class 2": 2, "class 3": 3} | ({"class 0": 4} if nodata == 255 else {})
    assert {crop.name: crop.code for crop in legend} == asked
    meant = {int(crop.name[-1]): place for place, crop in enumerate(legend)}
    expected = np.vectorize(lambda code: meant.get(int(code), IGNORE))(codes)
    np.testing.assert_array_equal(season.target, expected)
    told = [text for _, text in reporter.lines if "gets the code 4" in text or "0 was taken for no data" in text]
    assert len(told) == (0 if nodata == 0 else 1)
    if nodata == 255:
        assert legend.find("0").code == 4
        assert legend.find("4") is None  # of another raster: a number that this one did not hold


def test_a_legend_for_a_model_may_not_hold_code_0(place: Path, tmp_path: Path) -> None:
    (tmp_path / "legend.json").write_text('[{"code": 0, "name": "other", "colour": "#000000"}]')
    with pytest.raises(BadInput, match=r"other.*no data"):
        Legend.load(tmp_path / "legend.json")


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=9, unique=True))
def test_crop_codes_stay_the_codes_of_the_map(numbers: list[int]) -> None:
    legend = legend_of(Counter(map(str, numbers)))
    kept = all(1 <= number <= 65534 for number in numbers)
    assert legend.names == tuple(str(number) for number in sorted(numbers))
    assert legend.codes == tuple(sorted(numbers) if kept else range(1, len(numbers) + 1))
    assert all(legend.find(str(number)).name == str(number) for number in numbers)


@given(st.lists(st.sampled_from(("1", "01", "\uff11", "\u00b2", "rye", "RYE ", "Ma\u00efs", "mai\u0308s")), min_size=1))
def test_any_spelling_makes_a_legend_that_knows_it(labels: list[str]) -> None:
    legend = legend_of(Counter(labels))
    assert all(legend.find(label) is not None for label in labels)


def test_a_field_in_two_forms_of_unicode_has_one_class_a_crop(place: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(place / "parcels.gpkg")
    forms = np.where(np.arange(len(frame)) % 3 == 0, "Mai\u0308s", "ma\u00efs")
    frame["crop"] = np.where(frame["crop"] == "maize", forms, "hedge")
    frame.to_file(tmp_path / "labels.gpkg")
    job, legend = resolve_job(job_of(place, tmp_path, labels=str(tmp_path / "labels.gpkg")), Silent())
    assert len(legend) == 2
    (season,) = gather(job, legend, tmp_path, Silent(), 32).train
    assert np.bincount(season.target.ravel() + 1).tolist() == [0, SIDE * SIDE // 2, SIDE * SIDE // 2]


def test_parcels_without_a_class_are_counted(place: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(place / "parcels.gpkg")
    frame.loc[:2, "crop"] = [None, "", " "]
    frame.to_file(tmp_path / "labels.gpkg")
    reporter = Silent()
    job, legend = resolve_job(job_of(place, tmp_path, labels=str(tmp_path / "labels.gpkg")), reporter)
    gather(job, legend, tmp_path, reporter, 32)
    assert ("warning", "3 polygons or points without a class were left out.") in reporter.lines


def test_a_single_class_is_not_learnt(place: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(place / "parcels.gpkg")
    frame[frame["crop"] == "maize"].to_file(tmp_path / "one.gpkg")
    raster = write_raster(tmp_path / "one.tif", np.ones((1, SIDE, SIDE), np.uint8), nodata=0)
    for labels in ({"labels": str(tmp_path / "one.gpkg")}, {"labels": str(raster), "class_field": ""}):
        with pytest.raises(LabelsUnusable, match=r"(maize|class 1) is the only class to learn"):
            resolve_job(job_of(place, tmp_path, **labels), Silent())
