"""The choice of scenes where windows overlap."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.series.scenes.scene import Scene
from crop_classifier_plugin.engine.series.selection.choose_scenes import choose
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from crop_classifier_plugin.shared.errors import (
    BandMissing,
)
from kits.rasters import BANDS, write_raster
from kits.stacks import WINDOWS, need, stack_of


class Bare(Scene):
    """A scene of given bands, without files."""

    @property
    def bands(self) -> tuple[str, ...]:
        return BANDS


def on_day(day: int) -> Scene:
    return Bare(dt.date(2024, 1, 1) + dt.timedelta(day - 1), ())


def test_overlapping_windows_take_a_series_that_fills_them() -> None:
    windows = (Days(100, 200), Days(100, 250), Days(200, 260))
    scenes = [on_day(d) for d in (116, 172, 233)]
    asked: list[Scene] = []
    picked, _ = choose(scenes, need(windows=windows), lambda s: asked.append(s) or 1.0)
    assert [s.date.timetuple().tm_yday for s in picked] == [116, 172, 233]


@given(
    st.lists(st.integers(1, 365), min_size=1, max_size=8, unique=True),
    st.lists(st.tuples(st.integers(1, 340), st.integers(0, 200)), min_size=1, max_size=4),
    st.data(),
)
def test_the_choice_is_the_best_of_all_rising_ones(
    days: list[int], spans: list[tuple[int, int]], data: st.DataObject
) -> None:
    windows = tuple(Days(a, min(a + n, 365)) for a, n in spans)
    scenes = [on_day(d) for d in sorted(days)]
    shares = {s.date: data.draw(st.integers(0, 4)) / 4 for s in scenes}
    fits = [
        chain
        for chain in itertools.combinations(scenes, len(windows))
        if all(w.first <= s.date.timetuple().tm_yday <= w.last for s, w in zip(chain, windows))
    ]
    if not fits:
        with pytest.raises(Exception, match="needs"):
            choose(scenes, need(windows=windows), lambda s: shares[s.date])
        return
    picked, _ = choose(scenes, need(windows=windows), lambda s: shares[s.date])

    def score(chain: tuple[Scene, ...]) -> tuple[float, int]:
        far = sum(abs(s.date.timetuple().tm_yday - (w.first + w.last) // 2) for s, w in zip(chain, windows))
        return sum(shares[s.date] for s in chain), -far

    assert picked in fits
    assert score(picked) == max(map(score, fits))


def test_the_scene_that_lacks_least_is_blamed_for_all_it_lacks(tmp_path: Path) -> None:
    for day in ("20240425", "20240620", "20240815"):
        radar = f"S1_{int(day) - 1}.tif"
        write_raster(tmp_path / radar, np.zeros((2, 5, 5), np.float32), names=["VV", "VH"])
        write_raster(tmp_path / f"S2_10m_{day}.tif", np.ones((3, 5, 5), np.uint16), names=BANDS[:3])
    with pytest.raises(BandMissing, match="needs B8A, B11, B12, which the scene of 2024-04-25"):
        stack_of(tmp_path, need(windows=WINDOWS))
