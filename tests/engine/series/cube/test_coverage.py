"""What a series covers: all that any scene does, or the extent; where a date does not reach, it is no data."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.cube.stack import ClearShares, Stack
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.engine.series.scenes.quantity import OPTICAL
from crop_classifier_plugin.engine.series.scenes.read_series import read_series
from crop_classifier_plugin.engine.series.selection.coverage import pixels, places_of, windows_of
from crop_classifier_plugin.shared.errors import NoOverlap
from crop_classifier_plugin.shared.jobs.series import CompositeJob
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.rasters import write_raster
from kits.series.partial_scenes import (
    BANDS,
    HEIGHT,
    WIDTH,
    Field,
    Picture,
    Rectangle,
    fields,
    place,
    rectangles,
)

FEW = settings(max_examples=25, deadline=None)


def whole(stack: Stack) -> np.ndarray:
    return stack.read(Window(0, 0, stack.grid.height, stack.grid.width))


def extent_of(where: Rectangle) -> Extent:
    row, col, height, width = where
    west, north = place(row, col) @ (0, 0)
    return Extent(west, north - 10 * height, west + 10 * width, north, "EPSG:32631")


def opened(paths: Sequence[Path], extent: Extent | None = None, reporter: Silent | None = None) -> Stack:
    sources = tuple(SceneSource(str(path)) for path in paths)
    return open_series(Series(sources, extent=extent), reporter or Silent(), BANDS)


@FEW
@given(fields(), st.randoms())
def test_a_series_is_the_union_of_its_scenes_whatever_their_order(field: Field, random: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = field.write(Path(folder))
        random.shuffle(paths)  # type: ignore[attr-defined]
        with opened(paths) as stack:
            rows, cols = field.hull
            assert stack.grid.transform == place(rows.start, cols.start)
            np.testing.assert_array_equal(whole(stack), field.cube()[:, :, rows, cols])


@FEW
@given(fields(), rectangles(), st.integers(-20, 20), st.integers(-20, 20))
def test_an_extent_inside_outside_or_astride_is_the_grid(field: Field, where: Rectangle, down: int, right: int) -> None:
    row, col, height, width = where
    row, col = row + down, col + right
    wide = np.pad(field.cube(), ((0, 0), (0, 0), (80, 80), (80, 80)), constant_values=np.nan)
    expected = wide[:, :, 80 + row : 80 + row + height, 80 + col : 80 + col + width]
    extent = extent_of((row, col, height, width))
    met = [_meets(p.where, (row, col, height, width)) for p in sorted(field.pictures, key=lambda p: p.day)]
    with tempfile.TemporaryDirectory() as folder:
        paths = field.write(Path(folder))
        if not any(met):
            with pytest.raises(NoOverlap, match="the extent"):
                opened(paths, extent)
            return
        with opened(paths, extent) as stack:
            assert (stack.grid.height, stack.grid.width) == (height, width)
            assert stack.grid.transform == place(row, col)
            np.testing.assert_array_equal(whole(stack), expected[met])


def _meets(a: Rectangle, b: Rectangle) -> bool:
    return all(max(a[i], b[i]) < min(a[i] + a[i + 2], b[i] + b[i + 2]) for i in (0, 1))


@settings(max_examples=10, deadline=None)
@given(fields())
def test_a_composite_of_partial_scenes_is_numpys_median(field: Field) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sources = tuple(SceneSource(str(path)) for path in field.write(Path(folder)))
        path = f"{folder}/out/c.tif"
        made = composite(CompositeJob(Series(sources), stack=path, period="days", days=100), Silent())
        rows, cols = field.hull
        cube = field.cube()[:, :, rows, cols]
        with rasterio.open(path) as file, np.errstate(all="ignore"):
            found = file.read(masked=True)
            expected = np.ma.masked_invalid(np.rint(np.ma.median(np.ma.masked_invalid(cube), axis=0).filled(np.nan)))
        np.testing.assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(expected))
        assert np.abs(found - expected).max() <= (0.5 if expected.count() else 0)  # halves round either way
        assert made["bands"] == list(BANDS)


@FEW
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 999), st.booleans())
def test_a_scene_in_two_tiles_is_the_scene(cut: int, shared: int, seed: int, across: bool) -> None:
    """Side by side, or over each other by up to 30 px: also where more than half is shared."""
    scene = Picture(0, (0, 0, HEIGHT, WIDTH), seed)
    data = np.concatenate([scene.values, np.where(scene.cloud, 9, 4).astype(np.uint16)[None]])
    size = (HEIGHT, WIDTH)[across]
    parts = slice(0, min(cut + shared + 4, size)), slice(min(cut, size - 4), size)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for side, part in zip("ab", parts):
            rows, cols = (slice(0, HEIGHT), part) if across else (part, slice(0, WIDTH))
            path = Path(folder) / f"{side}_{scene.date:%Y%m%d}.tif"
            lies = place(rows.start, cols.start)
            part_of_it = data[:, rows, cols]
            paths.append(write_raster(path, part_of_it, names=(*BANDS, "SCL"), nodata=0, transform=lies))
        reaches = np.isin(np.arange(size), [*range(size)[parts[0]], *range(size)[parts[1]]])
        seen = reaches[None, :] if across else reaches[:, None]
        with opened(paths[::-1]) as stack:
            np.testing.assert_array_equal(whole(stack)[0], np.where(seen, scene.on_field(), np.nan))


@FEW
@given(fields(), st.one_of(st.none(), rectangles()))
def test_the_clear_share_is_counted_over_the_area_asked_for(field: Field, where: Rectangle | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sources = tuple(SceneSource(str(path)) for path in field.write(Path(folder)))
        found = read_series(Series(sources, extent=extent_of(where) if where else None), Silent())
        rows, cols = (
            field.hull if not where else (slice(where[0], where[0] + where[2]), slice(where[1], where[1] + where[3]))
        )
        clear = ~np.isnan(field.cube()[:, :, rows, cols]).any(axis=1)
        if where and not any(_meets(p.where, where) for p in field.pictures):
            return
        shares = ClearShares(OPTICAL.input_spec(BANDS), found, Silent())
        if len(places_of(_windows(field))) == 1:
            expected = clear.mean(axis=(1, 2))
            np.testing.assert_allclose([shares(scene) for scene in found.scenes], expected, rtol=1e-12)


def _windows(field: Field) -> list[Window]:
    return [Window(*p.where) for p in field.pictures]


def test_a_date_that_reaches_a_part_is_told_with_its_share(tmp_path: Path) -> None:
    scenes = [Picture(0, (0, 0, 40, 40), 1), Picture(5, (0, 0, 40, 5), 2), Picture(9, (0, 0, 40, 40), 3)]
    reporter = Silent()
    with opened(Field(tuple(scenes)).write(tmp_path), None, reporter) as stack:
        assert (stack.grid.height, stack.grid.width) == (40, 40)
    told = [text for level, text in reporter.lines if level == "warning"]
    assert told == ["Of the area of the series 2024-04-06 covers 12%; where a date does not reach, it is no data."]


def test_ten_partial_dates_are_named_and_the_others_counted(tmp_path: Path) -> None:
    scenes = [Picture(0, (0, 0, 40, 40), 1), *(Picture(day, (0, 0, 40, 5), day) for day in range(1, 15))]
    reporter = Silent()
    opened(Field(tuple(scenes)).write(tmp_path), None, reporter).close()
    (told,) = [text for level, text in reporter.lines if level == "warning"]
    assert told.count("covers 12%") == 10
    assert "and 4 more" in told


def test_scenes_far_apart_are_told_and_read_where_they_lie(tmp_path: Path) -> None:
    """Two chips 200 km apart, of two days: sampled for their units where they are, read in windows."""
    values = np.full((3, 20, 20), 700, np.uint16)
    values[2] = 4
    near, far = (place(0, col) for col in (0, 20_000))
    for day, where in (("20240401", near), ("20240406", far)):
        write_raster(tmp_path / f"S2_{day}.tif", values, names=(*BANDS, "SCL"), nodata=0, transform=where)
    reporter = Silent()
    with opened([tmp_path], None, reporter) as stack:
        assert (stack.grid.height, stack.grid.width) == (20, 20_020)
        assert stack.places == [Window(0, 0, 20, 20), Window(0, 20_000, 20, 20)]
        assert (stack.read(Window(0, 20_000, 20, 20))[1] == 700).all()
        assert np.isnan(stack.read(Window(0, 0, 20, 20))[1]).all()
    told = [text for level, text in reporter.lines if level == "warning"]
    assert "less than 1% of the area of 20020 x 20 px" in told[0]
    assert "2 places far apart" in told[0]


def test_dates_outside_the_extent_are_left_out_by_name(tmp_path: Path) -> None:
    scenes = Field((Picture(0, (0, 0, 40, 20), 1), Picture(5, (0, 30, 40, 20), 2)))
    reporter = Silent()
    with opened(scenes.write(tmp_path), extent_of((0, 0, 10, 10)), reporter) as stack:
        assert stack.dates == (dt.date(2024, 4, 1),)
    assert ("info", "Left out, as they lie outside the extent: 2024-04-06.") in reporter.lines


@FEW
@given(st.lists(rectangles(), min_size=1, max_size=3), st.lists(rectangles(), min_size=1, max_size=3))
def test_a_scene_covers_where_it_has_every_band(first: list[Rectangle], second: list[Rectangle]) -> None:
    """Its two bands come in files of their own, each in several tiles."""
    covered = np.zeros((2, HEIGHT, WIDTH), bool)
    with tempfile.TemporaryDirectory() as folder:
        for number, (band, tiles) in enumerate(zip(BANDS, (first, second))):
            for name, tile in zip("abc", tiles):
                path = Path(folder) / f"{name}_{band}_20240401.tif"
                write_raster(path, np.full((1, *tile[2:]), 900, np.uint16), transform=place(*tile[:2]))
                covered[(number, *Window(*tile).slices)] = True
        found = read_series(Series((SceneSource(folder),)), Silent())
    (scene,) = found.scenes
    grid = Grid(scene.refs[0].crs, place(0, 0), HEIGHT, WIDTH)
    seen = np.zeros((HEIGHT, WIDTH), bool)
    for window in windows_of(scene, BANDS, grid):
        seen[window.slices] = True
    np.testing.assert_array_equal(seen, covered.all(axis=0))


@given(st.lists(st.lists(rectangles(), max_size=3), min_size=1, max_size=5), st.integers(1, 3))
def test_pixels_that_many_dates_reach_are_counted_exactly(dates: list[list[Rectangle]], least: int) -> None:
    count = np.zeros((HEIGHT, WIDTH), int)
    for windows in dates:
        seen = np.zeros(count.shape, bool)
        for window in windows:
            seen[Window(*window).slices] = True
        count += seen
    assert pixels([[Window(*w) for w in windows] for windows in dates], least) == (count >= least).sum()


@given(st.lists(rectangles(), min_size=1, max_size=8))
def test_every_window_lies_in_a_place(found: list[Rectangle]) -> None:
    windows = [Window(*w) for w in found]
    places = places_of(windows)
    for window in windows:
        holding = [p for p in places if p.row <= window.row and p.col <= window.col
                   and window.row + window.height <= p.row + p.height
                   and window.col + window.width <= p.col + p.width]  # fmt: skip
        assert holding
