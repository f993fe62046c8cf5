"""Calendars: months up to a target, and what they refuse."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.scenes.scene import Scene
from crop_classifier_plugin.engine.series.selection.choose_scenes import pick_some
from crop_classifier_plugin.engine.series.selection.season_windows import members, months_until, seasons
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from crop_classifier_plugin.shared.cards.parts import InputSpec
from crop_classifier_plugin.shared.errors import (
    BadInput,
    WindowsEmpty,
)
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.cards import changed
from kits.models import write_model
from kits.seasons import JUNE, MAY, need, write_both
from kits.stacks import open_model_series


@pytest.fixture
def season(tmp_path: Path) -> Path:
    return write_both(tmp_path)


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)), st.integers(1, 40))
def test_months_end_with_the_target(day: dt.date, count: int) -> None:
    span = months_until(f"{day:%Y-%m}", count)
    assert len(span) == count
    assert day in span[-1]
    assert all(b.first - a.last == dt.timedelta(1) for a, b in pairwise(span))


@pytest.mark.parametrize("text", ["", "2020", "2020-13", "2020-00", "03-2020", "2020-3-1", "May"])
def test_a_month_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match="2020-03"):
        months_until(text, 3)


@given(st.lists(st.dates(dt.date(2019, 1, 1), dt.date(2021, 12, 31)), max_size=9, unique=True), st.randoms())
def test_gaps_are_left_only_where_there_is_no_choice(days: list[dt.date], chance: Any) -> None:
    (span,) = [
        s for s in seasons([(60, 130), (100, 200), (190, 300)], [dt.date(2020, 6, 1)]) if s[0].first.year == 2020
    ]
    scenes = [Scene(day, ()) for day in sorted(days)]
    shares = {scene: chance.random() for scene in scenes}
    found = pick_some(scenes, span, shares.__getitem__)
    dates = [s.date for s in found if s]
    assert dates == sorted(set(dates))
    assert all(s is None or s.date in period for s, period in zip(found, span))
    options = [(None, *(scenes[i] for i in inside)) for inside in members(span, [s.date for s in scenes])]
    best = max((sum(s is not None for s in c) for c in rising(options)), default=0)
    assert len(dates) == best


def rising(options: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Every choice of one an option whose dates rise."""
    chains: list[tuple[Any, ...]] = [()]
    for option in options:
        chains = [(*c, s) for c in chains for s in option if not s or all(s.date > o.date for o in c if o)]
    return chains


def monthly(**changes: Any) -> InputSpec:
    facts = {"bands": ("VV", "VH"), "pixel_size": 20.0, "tensors": ("x", "doy")} | changes
    return need(monthly=True, reduce="mean", **facts)


def test_a_monthly_model_takes_the_months_up_to_its_target(season: Path) -> None:
    sources = [SceneSource(str(season / "s1"))]
    for month, first in (("2023-07", "2023-05"), ("2023-06", "2023-04"), ("", "2023-05")):
        feed = open_model_series(sources, monthly(), Silent(), month=month)
        assert f"{feed.span[0].first:%Y-%m}" == first
        assert [d.day for d in feed.dates[-1:]] == [16 if month != "2023-06" else 15]
        assert list(feed.present) == [first != "2023-04", True, True]
        feed.close()
    with pytest.raises(WindowsEmpty, match=r"target month 2023-08.*none in 2023-08"):
        open_model_series(sources, monthly(), Silent(), month="2023-08")
    with pytest.raises(WindowsEmpty, match=r"3 of the 3 months.*2023-05.*2023-03, 2023-04"):
        open_model_series(sources, monthly(min_dates=0), Silent(), month="2023-05")


def test_a_model_of_one_month_names_crops_in_no_other(season: Path) -> None:
    sources = [SceneSource(str(season / "s1"))]
    with pytest.raises(BadInput, match="June only, not in 2023-07"):
        open_model_series(sources, monthly(windows=(MAY, MAY, JUNE), tensors=("x",)), Silent(), month="2023-07")
    with open_model_series(sources, monthly(windows=(MAY, MAY, JUNE), tensors=("x",)), Silent()) as feed:
        assert f"{feed.span[-1].first:%Y-%m}" == "2023-06"
    with pytest.raises(BadInput, match="maps March"):
        open_model_series(sources, monthly(windows=(MAY, MAY, Days(60, 90)), tensors=("x",)), Silent())


def test_the_only_month_of_a_card(tmp_path: Path) -> None:
    card = write_model(tmp_path / "m")
    assert card.inputs.only_month == 0
    assert changed(card, monthly=True).inputs.only_month == 8  # the last window ends in September
    assert changed(card, monthly=True, tensors=("x", "doy")).inputs.only_month == 0
