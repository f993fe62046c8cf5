"""Headers of series: tables of dates that count for several, mask layers, and that nothing stays open."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.reader import FileReader
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.read_series import SceneCache, read_series, read_together
from crop_classifier_plugin.shared.errors import CropClassifierError, DateMissing
from crop_classifier_plugin.shared.jobs.sources import DateEntry, SceneSource, Series
from kits.rasters import write_raster

NAMES = ("first", "second", "third", "fourth")
VALUES = np.full((1, 8, 8), 1200, np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rasters whose dates only a table can tell."""
    place = tmp_path_factory.mktemp("undated")
    for name in NAMES:
        write_raster(place / f"{name}.tif", VALUES, names=("B04",))
    return place


def series(folder: Path, *names: str, **facts: Any) -> Series:
    return Series(tuple(SceneSource(str(folder / f"{name}.tif")) for name in names), **facts)


@given(
    parts=st.permutations(NAMES).flatmap(lambda names: st.tuples(st.just(names), st.integers(1, 3))),
    others=st.sets(st.sampled_from(["fifth", "sixth", "seventh"])),
    halves=st.booleans(),
)
def test_a_table_of_dates_counts_for_all_series_of_a_job(
    folder: Path, parts: tuple[list[str], int], others: set[str], halves: bool
) -> None:
    """However its rows lie in the tables of the series; rows that name a layer of none are told, and no others."""
    names, count = parts
    rows = tuple(DateEntry(name, f"2024-05-{day + 1:02}") for day, name in enumerate((*NAMES, *sorted(others))))
    tables = (rows[::2], rows[1::2]) if halves else (rows, rows)
    given = [
        series(folder, *some, dates=table) for some, table in zip((names[:count], names[count:]), tables, strict=True)
    ]
    reporter = Silent()
    found = read_together(given, reporter)
    days = {name: dt.date(2024, 5, day + 1) for day, name in enumerate(NAMES)}
    for each, some in zip(found, (names[:count], names[count:]), strict=True):
        assert [scene.date for scene in each.scenes] == sorted(days[name] for name in some)
    told = [text for _, text in reporter.lines if "table of dates" in text]
    assert len(told) == bool(others)
    assert {name for text in told for name in (*NAMES, *others) if name in text} == others


def test_one_mask_layer_without_a_date_is_of_all_dates_and_two_are_none(folder: Path) -> None:
    rows = tuple(DateEntry(name, f"2024-05-0{day}") for day, name in enumerate(("first", "second"), start=1))
    asked = {"dates": rows, "mask": "layer"}
    one = read_series(
        series(folder, "first", "second", mask_layers=series(folder, "third").scenes, **asked), Silent()
    ).masks
    assert (one.dated, [Path(ref.path).stem for ref in one.undated]) == ((), ["third"])
    dated = read_series(series(folder, "first", mask_layers=series(folder, "second").scenes, **asked), Silent()).masks
    assert ([scene.date.day for scene in dated.dated], dated.undated) == ([2], ())
    with pytest.raises(DateMissing):
        read_series(series(folder, "first", mask_layers=series(folder, "third", "fourth").scenes, **asked), Silent())


def test_a_series_is_read_when_it_is_first_asked_for_and_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = series(folder, "first", dates=(DateEntry("first", "2024-05-01"),))
    cache = SceneCache()
    first = cache.read(asked, None, Silent())
    monkeypatch.setattr("crop_classifier_plugin.engine.access.rasters._open", None)
    assert cache.read(series(folder, "first", dates=asked.dates), None, Silent()) is first
    assert (first.radar, first.files) == (None, {str(folder / "first.tif")})


def test_nothing_stays_open_of_a_series_that_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_raster(tmp_path / "S2_20240501.tif", VALUES, names=("B04",))
    write_raster(tmp_path / "S2_20240601.tif", VALUES * 40, names=("B04",))  # no reflectance
    still: set[int] = set()
    monkeypatch.setattr(FileReader, "__init__", _noting(FileReader.__init__, still.add))
    monkeypatch.setattr(FileReader, "close", _noting(FileReader.close, still.discard))
    with pytest.raises(CropClassifierError, match="too large"):
        open_series(Series((SceneSource(str(tmp_path)),)), Silent())
    assert not still


def _noting(real: Any, note: Any) -> Any:
    def noted(self: FileReader, *args: Any, **options: Any) -> None:
        note(id(self))
        real(self, *args, **options)

    return noted
