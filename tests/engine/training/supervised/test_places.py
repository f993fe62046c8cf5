"""Laws of one ground in several series: what is held out in one is neither learnt from nor asked in another."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.registry import configure
from crop_classifier_plugin.engine.splits.parcel_overlap import (
    LEARNT,
)
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
)
from crop_classifier_plugin.engine.training.optim.recipes import resolve_recipe
from crop_classifier_plugin.engine.training.supervised.identity import identity_of
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.errors import LabelsUnusable
from kits.rasters import write_raster
from kits.training.jobs import labelled
from kits.training.places import gathered, together
from kits.training.two_series import job_of, sources

EAST = Affine(10, 0, 500280, 0, -10, 5650000)


@pytest.fixture(scope="module")
def eastern(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The optical series once more, without its western 28 columns."""
    folder = tmp_path_factory.mktemp("eastern")
    for path in (place / "s2").glob("*.tif"):
        with rasterio.open(path) as file:
            values, names = file.read()[:, :, 28:], file.descriptions
        write_raster(folder / path.name, values, transform=EAST, names=names, nodata=0)
    return folder


def on_first(material, season) -> np.ndarray:
    """The parts of a season's pixels on the grid of the first."""
    whole = np.zeros_like(material.train[0].part)
    at = material.train[0].grid.window_of(season.grid)
    whole[at.slices] = season.part
    return whole


def parted(season):
    return season.parcels.points.round(3).tolist(), season.split.parts.tolist()


@pytest.mark.parametrize("split", ["side", "block", "parcel"])
def test_further_series_of_the_same_labels_on_another_extent_keep_the_parts(
    place: Path,
    eastern: Path,
    tmp_path: Path,
    split: str,
) -> None:
    labels = str(place / "parcels.gpkg")
    more = (labelled(sources(eastern), labels), labelled(sources(place / "s2"), labels))
    material = gathered(tmp_path, job_of(place, tmp_path, more=more, split=split, seed=5, validation=0.2, block=80.0))
    first, east, same = (on_first(material, season) for season in material.train)
    np.testing.assert_array_equal(first, same)
    assert np.isin(east[:, 32:], [TRAIN, HELD_OUT]).any()
    assert not together(first, east)
    parts = {tuple(point): part for point, part in zip(*parted(material.train[0]))}
    assert all(parts[tuple(point)] == part for point, part in zip(*parted(material.train[1])))
    assert material.places() == material.train[:1]  # the others show the same parcels on other dates


def test_the_larger_extent_parts_only_its_own_parcels_by_itself(place: Path, eastern: Path, tmp_path: Path) -> None:
    whole = labelled(sources(place / "s2"), str(place / "parcels.gpkg"))
    job = job_of(place, tmp_path, scenes=sources(eastern), more=(whole,), split="parcel", validation=0.2)
    material = gathered(tmp_path, job)
    first, second = material.train
    at = second.grid.window_of(first.grid)
    assert not together(first.part, second.part[at.slices])
    assert material.places() == material.train
    assert sum(int(season.of(part).sum()) for season in material.places() for part in (1, 2, 3)) == 64
    assert 0 < second.split.fresh.sum() < 64


def test_held_out_parcels_do_not_choose_the_epoch(place: Path, eastern: Path, tmp_path: Path) -> None:
    labels, reporter = str(place / "parcels.gpkg"), Silent()
    checks = (labelled(sources(place / "s2"), labels), labelled(sources(eastern), labels))
    material = gathered(tmp_path, job_of(place, tmp_path, validation_series=checks, split="parcel"), reporter)
    first = material.train[0]
    assert not together(first.part, *(on_first(material, season) for season in material.checks))
    np.testing.assert_array_equal(first.part == TRAIN, material.checks[0].part == VALIDATION)
    held, learnt = int(first.of(HELD_OUT).sum()), int(first.of(TRAIN).sum())
    told = [text for _, text in reporter.lines]
    assert any(f"{held} of 64 parcels of the validation series" in text and "held-out" in text for text in told)
    assert any(
        f"{learnt} of 64 parcels of the validation series" in text and "also trained on" in text for text in told
    )


def test_a_validation_series_of_nothing_but_held_out_parcels_is_refused(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, held_side="east")
    material = gathered(tmp_path, job)
    frame = gpd.read_file(job.labels.path)
    held = shapely.points(material.train[0].parcels.points[material.train[0].of(HELD_OUT)])
    frame[[bool(shape.contains(held).any()) for shape in frame.geometry]].to_file(tmp_path / "held.gpkg")
    held = labelled(job.data[0].series.scenes, tmp_path / "held.gpkg")
    job = job_of(place, tmp_path, held_side="east", validation_series=(held,))
    (tmp_path / "again").mkdir()
    with pytest.raises(LabelsUnusable, match="may not choose the best epoch"):
        gathered(tmp_path / "again", job)


def test_tests_on_parcels_that_were_learnt_from_are_counted(place: Path, tmp_path: Path) -> None:
    reporter = Silent()
    again = labelled(sources(place / "s2"), str(place / "parcels.gpkg"))
    material = gathered(tmp_path, job_of(place, tmp_path, test_series=(again,)), reporter)
    seen = sum(int(material.train[0].of(part).sum()) for part in LEARNT)
    assert any(
        level == "warning" and f"{seen} of 64 parcels of the test series" in text for level, text in reporter.lines
    )


def test_a_training_is_another_with_another_validation_series(place: Path, eastern: Path, tmp_path: Path) -> None:
    labels = str(place / "parcels.gpkg")
    series = sources(place / "s2")
    found = []
    for i, scenes in enumerate(((), series, series[1:], sources(eastern))):
        checks = (labelled(scenes, labels),) if scenes else ()
        job = job_of(place, tmp_path, validation_series=checks, min_dates=3, validation=0.0)
        (tmp_path / str(i)).mkdir()
        material = gathered(tmp_path / str(i), job)
        config = configure(job.network.name, dict(job.network.settings), 2, len(material.train[0].days), 2)
        stats = Statistics((0.0, 0.0), (1.0, 1.0))
        found.append(identity_of(job, config, resolve_recipe(job.network.name, job.optim), stats, material))
    assert all(a != b for i, a in enumerate(found) for b in found[:i])
