"""Chips far apart in one training: each is a series of its own, and their parcels are parted together."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.splits.assignment import Assignment
from crop_classifier_plugin.engine.splits.several_places import joined, part_together
from crop_classifier_plugin.engine.splits.split import HELD_OUT, Parcels, SplitRule, split
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.errors import TooFewDates
from crop_classifier_plugin.shared.jobs.sources import Extent
from kits.rasters import write_raster
from kits.training.toy import job_of, write_toy

EAST = 300_000  # m from the first chip to the second
SIZE = 48  # px of each


@pytest.fixture
def chips(tmp_path: Path) -> Path:
    """The left and the right half of the toy season; the right one lies far to the east, and is seen two days later.
    A third chip has no labels."""
    toy = tmp_path / "toy"
    toy.mkdir()
    write_toy(toy)
    place = tmp_path / "chips"
    for path in sorted(toy.glob("S2_*.tif")):
        with rasterio.open(path) as file:
            array = file.read()[:, :SIZE]
        day = int(path.stem[3:])
        for name, cols, x, later in (("a", 0, 0, 0), ("b", SIZE, EAST, 2), ("c", 0, 2 * EAST, 1)):
            lies = Affine(10, 0, 5e5 + x, 0, -10, 5.6e6)
            part = array[:, :, cols : cols + SIZE]
            write_raster(place / f"S2_{name}_{day + later}.tif", part, names=("B04", "B8A"), nodata=0, transform=lies)
    frame = gpd.read_file(toy / "parcels.gpkg")
    frame = frame[frame.centroid.y > 5.6e6 - 10 * SIZE]
    right = frame[frame.centroid.x > 5e5 + 10 * SIZE].translate(EAST - 10 * SIZE)
    left = frame[frame.centroid.x < 5e5 + 10 * SIZE]
    moved = gpd.GeoDataFrame({"code": frame.loc[right.index, "code"]}, geometry=right, crs=frame.crs)
    pd.concat([left, moved]).to_file(place / "parcels.gpkg")
    shutil.copy(toy / "legend.json", place)
    return place


def test_each_chip_is_a_series_of_its_own_and_no_grid_spans_them(chips: Path, tmp_path: Path) -> None:
    reporter = Silent()
    job, legend = resolve_job(job_of(chips, tmp_path / "m"), reporter)
    (tmp_path / "data").mkdir()
    material = gather(job, legend, tmp_path / "data", reporter, 32)
    first, second = material.train
    assert first.image.shape == second.image.shape == (3, 2, SIZE, SIZE)
    size = sum(path.stat().st_size for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert size == 2 * SIZE * SIZE * (3 * 2 * 4 + 2 + 1)
    assert [season.grid.transform.c for season in (first, second)] == [5e5, 5e5 + EAST]
    assert [season.dates[0].day for season in (first, second)] == [24, 26]
    for season, path in ((first, "S2_a_20240424"), (second, "S2_b_20240426")):
        with rasterio.open(chips / f"{path}.tif") as file:
            raw = file.read().astype(np.float32)
        np.testing.assert_array_equal(season.image[0], np.where(raw == 0, np.nan, raw))
        assert season.is_place
        assert (season.target != -1).sum() == (~np.isnan(season.image).any(axis=(0, 1))).sum()
    held = sum(int((season.part == HELD_OUT).sum()) for season in material.train)
    assert held / sum((season.part > 0).sum() for season in material.train) == pytest.approx(
        job.split.held_out, abs=0.1
    )
    assert any("3 places far apart" in text and "2 have labels" in text for _, text in reporter.lines)


def test_a_chip_whose_scenes_do_not_do_is_left_out_and_told(chips: Path, tmp_path: Path) -> None:
    (chips / "S2_b_20240625.tif").unlink()
    reporter = Silent()
    job, legend = resolve_job(job_of(chips, tmp_path / "m"), reporter)
    (tmp_path / "data").mkdir()
    material = gather(job, legend, tmp_path / "data", reporter, 32)
    assert [season.grid.transform.c for season in material.train] == [5e5]
    assert any(level == "warning" and "The scenes of 1 do not do" in text for level, text in reporter.lines)
    for path in (*chips.glob("S2_*_202406*.tif"),):
        path.unlink()
    (tmp_path / "more").mkdir()
    job, legend = resolve_job(job_of(chips, tmp_path / "m"), reporter)
    with pytest.raises(TooFewDates):
        gather(job, legend, tmp_path / "more", reporter, 32)


def test_a_training_on_chips_makes_a_model_and_tells_both_places(chips: Path, tmp_path: Path) -> None:
    result = train(job_of(chips, tmp_path / "m", epochs=2), Silent())
    assert Path(str(result["model"]), "model.onnx").exists()


GRIDS = [Grid(CRS.from_epsg(code), Affine(10, 0, 5e5, 0, -10, 5.6e6), 10, 10) for code in (32631, 32632, 32631)]
sizes = st.lists(st.integers(0, 6), min_size=1, max_size=3).filter(lambda found: all(found[:2]))


@given(sizes, st.booleans(), st.integers(0, 99))
def test_parcels_of_several_places_are_parted_as_one_set(counts: list[int], grouped: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = [_parcels(n, grouped, rng) for n in counts]
    rule = SplitRule(0.3, 0.2, "auto", seed, "parcel")

    def part(name: str, parcels: Parcels, grid: Grid, reporter: object) -> Assignment:
        return Assignment(split(parcels, rule), None)  # type: ignore[arg-type]

    found = part_together(part, "labels", list(zip(places, GRIDS)), Silent())
    assert [len(each.split.parts) for each in found] == counts
    together = [places[n] for n in range(len(counts)) if n != 1]
    np.testing.assert_array_equal(
        np.concatenate([found[n].split.parts for n in range(len(counts)) if n != 1]),
        split(joined(together), rule).parts,
    )
    if grouped:
        whole = joined(together).groups
        assert whole is not None
        assert len(np.unique(whole)) == sum(len(np.unique(p.groups)) for p in together)  # type: ignore[arg-type]


def _parcels(count: int, grouped: bool, rng: np.random.Generator) -> Parcels:
    points = rng.uniform(0, 100, (count, 2))
    outlines = np.array([shapely.box(x, y, x + 1, y + 1) for x, y in points], object)
    groups = rng.integers(0, 3, count) if grouped else None
    return Parcels(points, np.ones(count), rng.integers(0, 2, (count, 1)), groups, outlines)


def test_an_extent_that_sticks_out_or_takes_a_part_of_a_chip(chips: Path, tmp_path: Path) -> None:
    """Of the first chip the lower right quarter, and ground without scenes."""
    extent = Extent(5e5 + 240, 5.6e6 - 900, 5e5 + 900, 5.6e6 - 240, "EPSG:32631")
    job = job_of(chips, tmp_path / "m")
    (data,) = job.data
    job = replace(job, data=(replace(data, series=replace(data.series, extent=extent)),))
    job, legend = resolve_job(job, Silent())
    (tmp_path / "data").mkdir()
    (season,) = gather(job, legend, tmp_path / "data", Silent(), 32).train
    assert season.grid.transform == Affine(10, 0, 5e5 + 240, 0, -10, 5.6e6 - 240)
    assert season.shape == (24, 24)
    assert (season.part > 0).all()
