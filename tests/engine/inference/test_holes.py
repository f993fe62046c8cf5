"""Maps of series that reach only parts: what is chosen, what is written, and what is said of pixels without a class."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.holes import Holes, beside
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.vector.area import Area
from crop_classifier_plugin.shared.errors import NoOverlap
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource
from kits.classification import classify_job
from kits.rasters import BANDS, write_raster
from kits.series.partial_scenes import HEIGHT, WIDTH, Rectangle, place, rectangles

WHOLE = Grid(CRS.from_epsg(32631), place(0, 0), HEIGHT, WIDTH)
BEYOND = Extent(500_000 - 300, 5_650_000 - 700, 500_000 + 200, 5_650_000 + 100, "EPSG:32631")  # 80 x 50 px


def mapped(season: list[Path], model: Path, out: Path, **options: object) -> tuple[dict[str, np.ndarray], Silent, dict]:
    """The rasters by name, what was said, and the run record."""
    names = ("class_map", "probabilities", "valid_dates")
    paths = {name: str(out / f"{name}.tif") for name in names}
    reporter = Silent()
    scenes = (SceneSource(str(season[0].parent)),)
    classify(classify_job(scenes=scenes, model=str(model), **paths, **options), reporter)  # type: ignore[arg-type]
    read = {}
    for name, path in paths.items():
        with rasterio.open(path) as file:
            read[name] = file.read()
    return read, reporter, json.loads((out / "class_map.run.json").read_text())


def cut(path: Path, name: str, window: Window) -> Path:
    with rasterio.open(path) as file:
        array = file.read()[(slice(None), *window.slices)]
    lies = place(window.row, window.col)
    return write_raster(path.with_name(name), array, names=BANDS, nodata=0, transform=lies)


def test_an_extent_that_sticks_out_gives_the_whole_maps_pixels_and_no_class_beside_them(
    season: list[Path], model: Path, tmp_path: Path
) -> None:
    whole, _, _ = mapped(season, model, tmp_path / "whole")
    part, reporter, record = mapped(season, model, tmp_path / "part", extent=BEYOND)
    empty = {"class_map": 0, "probabilities": 65_535, "valid_dates": 0}
    for name, values in part.items():
        assert values.shape[1:] == (80, 50)
        expected = np.full_like(values, empty[name])
        expected[:, 10:60, 30:] = whole[name][:, :, :20]
        np.testing.assert_array_equal(values, expected)
    unreached = 1 - 50 * 20 / (80 * 50)
    assert record["no_data"] == {
        "without_class": pytest.approx(unreached + 35 / 4000, abs=1e-5),
        "too_few_scenes": pytest.approx(unreached, abs=1e-5),
        "cloud_or_no_data": pytest.approx(35 / 4000, abs=1e-5),
        "hectares": pytest.approx(4000 * (unreached + 35 / 4000) * 0.01, rel=2e-3),
        "parcels": None,
        "parcels_without_class": None,
        "other_scenes": 0,
        "advice": "All scenes of the model's dates were used: more of them (search scenes), or composites, would fill "
        "it. Where too few scenes reach, give those of the places beside it too.",
    }
    assert any(
        level == "warning" and "75.9% of the area (30.4 ha) has no class" in text for level, text in reporter.lines
    )


def test_the_scene_that_covers_the_area_is_taken_not_the_clear_strip(
    season: list[Path], model: Path, tmp_path: Path
) -> None:
    cut(season[0], "S2_20240430.tif", Window(0, 0, 50, 9))
    with rasterio.open(season[0], "r+") as file:
        array = file.read()
        array[:, :5] = 0
        file.write(array)
    found, reporter, _ = mapped(season, model, tmp_path / "out")
    assert found["class_map"].shape == (1, 50, 70)
    assert ("info", "2024-04-25: 90% of the sampled pixels are clear.") in reporter.lines


def test_the_area_decides_which_scene_is_taken(season: list[Path], model: Path, tmp_path: Path) -> None:
    """The strip is all of the area that is asked for."""
    cut(season[0], "S2_20240430.tif", Window(0, 0, 50, 9))
    with rasterio.open(season[0], "r+") as file:
        array = file.read()
        array[:, :, :9] = 0
        file.write(array)
    box = geopandas.GeoDataFrame(geometry=[shapely.box(500_000, 5_649_600, 500_080, 5_649_900)], crs="EPSG:32631")
    box.to_file(tmp_path / "area.gpkg")
    found, reporter, record = mapped(season, model, tmp_path / "out", area=str(tmp_path / "area.gpkg"))
    assert found["class_map"].shape == (1, 30, 8)
    assert record["dates"][0] == "2024-04-30"
    assert record["no_data"]["without_class"] == 0
    assert not any("no class" in text for _, text in reporter.lines)
    assert ("info", "2024-04-30: 100% of the sampled pixels are clear.") in reporter.lines


def test_dates_that_lie_nowhere_over_each_other_are_refused(season: list[Path], model: Path, tmp_path: Path) -> None:
    for path, col in zip(season, (0, 30, 20)):
        cut(path, path.name, Window(0, col, 50, 20))
    with pytest.raises(NoOverlap, match="2024-04-25 and of 2024-06-20 do not overlap"):
        mapped(season, model, tmp_path / "out")


@given(
    st.lists(st.lists(rectangles(), max_size=2), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 999),
    st.booleans(),
)
def test_holes_are_counted_as_numpy_counts_them(
    dates: list[list[Rectangle]], least: int, seed: int, limited: bool
) -> None:
    rng = np.random.default_rng(seed)
    valid, asked = rng.random((2, HEIGHT, WIDTH)) < 0.7
    holes = Holes([[Window(*w) for w in windows] for windows in dates], least, WHOLE)
    reach = np.zeros((HEIGHT, WIDTH), int)
    for windows in dates:
        seen = np.zeros(reach.shape, bool)
        for window in windows:
            seen[Window(*window).slices] = True
        reach += seen
    for block in (Window(0, 0, 17, WIDTH), Window(17, 0, HEIGHT - 17, 30), Window(17, 30, HEIGHT - 17, WIDTH - 30)):
        holes.add(block, valid[block.slices], asked[block.slices] if limited else None)
    counted = asked if limited else np.ones_like(asked)
    missing = counted & ~valid
    expected = [missing.sum(), (missing & (reach < least)).sum(), (missing & (reach >= least)).sum()]
    np.testing.assert_allclose(list(holes.shares().values()), np.array(expected) / counted.sum(), atol=1e-6)
    facts = holes.facts(3, filled=False)
    assert facts["hectares"] == pytest.approx(expected[0] * 0.01, rel=2e-3, abs=1e-9)
    assert facts["parcels"] is None
    assert bool(facts["advice"]) == bool(expected[0])
    assert ("3 other scenes" in str(facts["advice"])) == bool(expected[2])
    assert "All scenes" in holes.advice(3, filled=True) or not expected[2]
    assert ("beside" in str(facts["advice"])) == bool(expected[1])


@given(st.lists(rectangles(), min_size=1, max_size=6), st.integers(0, 999))
def test_parcels_without_a_class_are_counted_as_numpy_counts_them(parcels: list[Rectangle], seed: int) -> None:
    valid = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.02
    shapes = [shapely.box(*WHOLE.sub(Window(*parcel)).bounds) for parcel in parcels]
    apart = [k for k, shape in enumerate(shapes) if not any(shape.overlaps(each) for each in shapes[k + 1 :])]
    shapes, parcels = [shapes[k] for k in apart], [parcels[k] for k in apart]
    hidden = [k for k, a in enumerate(shapes) if any(b.contains(a) for b in shapes[k + 1 :])]
    shapes, parcels = ([s for k, s in enumerate(each) if k not in hidden] for each in (shapes, parcels))
    area = Area(tuple(shapes), WHOLE.bounds)
    holes = Holes([[Window(0, 0, HEIGHT, WIDTH)]], 1, WHOLE, area)
    for block in WHOLE.blocks(20):
        holes.add(block, valid[block.slices], area.inside(WHOLE.sub(block)))
    taken, empty = np.zeros((HEIGHT, WIDTH), int), 0
    for number, parcel in enumerate(parcels, start=1):
        taken[Window(*parcel).slices] = number  # the later lies on top
    held = [k for k in range(1, len(parcels) + 1) if (taken == k).any()]
    empty = sum(not valid[taken == k].any() for k in held)
    facts = holes.facts(0, filled=True)
    assert (facts["parcels"], facts["parcels_without_class"]) == (len(held), empty)


@given(rectangles())
def test_inside_and_beside_make_the_whole_once(inside: Rectangle) -> None:
    count = np.zeros((HEIGHT, WIDTH), int)
    count[Window(*inside).slices] += 1
    for block in beside(Grid(CRS.from_epsg(32631), place(0, 0), HEIGHT, WIDTH), Window(*inside), 3):
        count[block.window.slices] += 1
        assert not block.valid.any()
        assert block.probability.shape[1:] == block.valid.shape == (block.window.height, block.window.width)
    assert (count == 1).all()
