"""Calendars brought together: the paper's own dates under its five strategies, and the job."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.alignment.job import align_series
from crop_classifier_plugin.engine.series.operations.alignment.strategies import (
    PAPER,
    DatePair,
    Strategy,
    align,
    moved,
    target,
    years_between,
)
from crop_classifier_plugin.shared.choices import ALIGNED_DAYS
from crop_classifier_plugin.shared.errors import BadInput, DateUnreadable, NoOverlap
from crop_classifier_plugin.shared.jobs.series import AlignLimits, AlignSeriesJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

MONTHS = {name: number for number, name in enumerate(("Apr", "May", "Jun", "Jul", "Aug", "Sep"), start=4)}


def days(year: int, text: str) -> list[dt.date]:
    """'6 May, 7 Jul' as dates."""
    pairs = [part.split() for part in text.split(", ")]
    return [dt.date(year, MONTHS[month], int(day)) for day, month in pairs]


TRAINING = days(
    2020, "18 Apr, 28 Apr, 6 May, 8 May, 18 May, 28 May, 7 Jul, 12 Jul, 15 Jul, 19 Aug, 10 Sep"
)  # fmt: skip
PREDICTION = days(
    2021, "6 Apr, 8 Apr, 18 Apr, 21 Apr, 16 May, 21 May, 2 Jun, 12 Jun, 22 Jun, 25 Jun, 30 Jul, 31 Aug, 5 Sep"
)
PEAK, FIRST_TARGET = dt.date(2020, 8, 19), dt.date(2021, 7, 30)
LAST_SEVEN = "21 Apr, 16 May, 21 May, 2 Jun, 12 Jun, 22 Jun, 25 Jun"
UNION = "18 May, 21 May, 28 May, 2 Jun, 12 Jun, 22 Jun, 25 Jun"


def rows(name: str) -> tuple[DatePair, ...]:
    return align(TRAINING, PREDICTION, PAPER[name], 7, PEAK, FIRST_TARGET)


def when(found: tuple[DatePair, ...], side: str) -> list[dt.date]:
    return [getattr(row, side).day for row in found]


def taken(found: tuple[DatePair, ...], side: str) -> list[dt.date]:
    """The image that each row takes; it must be one."""
    values = [getattr(row, side) for row in found]
    assert all(len(v.sources) == 1 for v in values)
    return [v.sources[0][0] for v in values]


def test_strategy_a_keeps_each_years_last_seven() -> None:
    assert taken(rows("A"), "training") == days(2020, "6 May, 8 May, 18 May, 28 May, 7 Jul, 12 Jul, 15 Jul")
    assert taken(rows("A"), "prediction") == days(2021, LAST_SEVEN)


def test_strategy_b_interpolates_training_to_the_prediction_dates() -> None:
    assert when(rows("B"), "training") == days(2020, LAST_SEVEN)
    assert taken(rows("B"), "prediction") == days(2021, LAST_SEVEN)
    first = rows("B")[0].training
    assert (first.rule, [d for d, _ in first.sources]) == ("linear", days(2020, "18 Apr, 28 Apr"))
    assert [w for _, w in first.sources] == pytest.approx([0.7, 0.3])


def test_strategy_c_takes_the_union_up_to_the_last_prediction_date() -> None:
    assert when(rows("C"), "training") == days(2020, UNION)
    assert when(rows("C"), "prediction") == days(2021, UNION)
    rules = [(row.training.rule, row.prediction.rule) for row in rows("C") if row.prediction]
    assert rules == [
        ("observed", "linear"), ("linear", "observed"), ("observed", "linear"), *[("linear", "observed")] * 4
    ]  # fmt: skip


def test_strategy_d_takes_the_nearest_training_image() -> None:
    nearest = "18 Apr, 18 May, 18 May, 28 May, 28 May, 7 Jul, 7 Jul"
    assert taken(rows("D"), "training") == days(2020, nearest)
    assert taken(rows("D"), "prediction") == days(2021, LAST_SEVEN)


def test_strategy_e_takes_the_nearest_image_of_both_on_the_union() -> None:
    assert when(rows("E"), "prediction") == days(2021, "2 Jun, 12 Jun, 22 Jun, 25 Jun, 7 Jul, 12 Jul, 15 Jul")
    assert taken(rows("E"), "training") == days(2020, "28 May, 28 May, 7 Jul, 7 Jul, 7 Jul, 12 Jul, 15 Jul")
    assert taken(rows("E"), "prediction") == days(2021, "2 Jun, 12 Jun, 22 Jun, 25 Jun, 25 Jun, 25 Jun, 25 Jun")


@pytest.mark.parametrize("name", "ABCDE")
def test_training_target(name: str) -> None:
    aim = target(TRAINING, dt.date(2021, 8, 31), PAPER[name], 1, PEAK, None)
    if name in "BC":
        assert aim.day == dt.date(2020, 8, 31)
        assert [d for d, _ in aim.sources] == days(2020, "19 Aug, 10 Sep")
        assert [w for _, w in aim.sources] == pytest.approx([0.4545, 0.5455], abs=1e-4)
    else:
        assert (aim.day, aim.rule) == (PEAK, "observed")
    chosen = target(TRAINING, None, PAPER[name], 1, PEAK, dt.date(2020, 9, 10))
    assert chosen.sources == ((dt.date(2020, 9, 10), 1.0),)


def test_the_weight_of_30_july_of_the_sequential_forecast() -> None:
    aim = target(TRAINING, dt.date(2021, 7, 30), PAPER["B"], 1, PEAK, None)
    assert [round(w, 2) for _, w in aim.sources] == [0.57, 0.43]


YEAR = st.lists(st.integers(0, 300), min_size=4, max_size=12, unique=True).map(sorted)


@given(YEAR, YEAR, st.sampled_from(list(ALIGNED_DAYS)), st.sampled_from(["linear", "nearest"]), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_rows_are_by_date_and_weights_sum_to_one(a: Any, b: Any, which: str, rule: str, count: int) -> None:
    training = [dt.date(2020, 1, 1) + dt.timedelta(d) for d in a]
    prediction = [dt.date(2021, 1, 1) + dt.timedelta(d) for d in b]
    found = align(training, prediction, Strategy(which, rule), count)
    assert len(found) == count
    assert when(found, "prediction") == sorted(when(found, "prediction"))
    for row in found:
        for value, known in ((row.training, training), (row.prediction, prediction)):
            assert value is not None
            assert sum(w for _, w in value.sources) == pytest.approx(1)
            assert {d for d, _ in value.sources} <= set(known)
            if not value.outside and value.rule == "linear":
                mean = sum(d.toordinal() * w for d, w in value.sources)
                assert mean == pytest.approx(value.day.toordinal())


def test_days_move_between_leap_years() -> None:
    assert moved(dt.date(2020, 2, 29), 1) == dt.date(2021, 2, 28)
    assert moved(dt.date(2021, 8, 31), -1) == dt.date(2020, 8, 31)
    assert years_between([dt.date(2018, 11, 1)], [dt.date(2021, 10, 1)]) == 3  # a season across New Year


# --- the job ---------------------------------------------------------------------------------------------------------


def ndvi(folder: Path, day: dt.date, value: float, gap: bool = False, **profile: Any) -> None:
    array = np.full((1, 6, 5), value, np.float32)
    if gap:
        array[0, 0, 0] = np.nan
    write_raster(folder / f"NDVI_{day:%Y%m%d}.tif", array, names=["NDVI"], nodata=np.nan, **profile)


@pytest.fixture
def years(tmp_path: Path) -> Path:
    """Each image's value is its day of the year / 1000; 28 April 2020 has a gap in a corner."""
    for day in (*TRAINING, *PREDICTION[:10]):
        value = day.timetuple().tm_yday / 1000
        ndvi(tmp_path / str(day.year), day, value, gap=day == dt.date(2020, 4, 28))
    return tmp_path


def job(years: Path, **changes: Any) -> AlignSeriesJob:
    series = [Series((SceneSource(str(years / y)),)) for y in ("2020", "2021")]
    facts: dict[str, Any] = {
        "training_output": str(years / "t.tif"), "prediction_output": str(years / "p.tif"),
        "table": str(years / "dates.csv"),
    }  # fmt: skip
    limits = {"training_before": "2020-08-19", "target": "2021-08-31"}
    limits |= {name: changes.pop(name) for name in [f.name for f in fields(AlignLimits)] if name in changes}
    return AlignSeriesJob(*series, limits=AlignLimits(**limits), **(facts | changes))


def test_job_writes_both_series_and_the_table(years: Path) -> None:
    result = align_series(job(years), Silent())
    with rasterio.open(years / "t.tif") as file, rasterio.open(years / "p.tif") as other:
        training, prediction = file.read(), other.read()
        assert file.descriptions[0] == "NDVI 2020-04-21"
        assert file.descriptions[7] == "NDVI 2020-08-31"
        assert other.descriptions == tuple(f"NDVI {d}" for d in days(2021, LAST_SEVEN))
    expected = [d.timetuple().tm_yday / 1000 for d in (*days(2020, LAST_SEVEN), dt.date(2020, 8, 31))]
    np.testing.assert_allclose(training[:, 3, 3], expected, atol=1e-6)
    np.testing.assert_allclose(training[0, 0, 0], expected[0], atol=1e-6)  # over the gap, from 18 April and 6 May
    np.testing.assert_allclose(prediction[0], 0.111)
    with open(years / "dates.csv", newline="") as text:
        table = list(csv.DictReader(text))
    assert [r["role"] for r in table] == ["base"] * 7 + ["target"]
    assert table[0]["training_sources"] == "2020-04-18 x 0.7 + 2020-04-28 x 0.3"
    assert table[0]["prediction_sources"] == "2021-04-21"
    assert table == result["dates"]


def test_custom_rule_moves_the_prediction_year(years: Path) -> None:
    wish = job(years, strategy="custom", days="training", rule="nearest", target="", count=3)
    reporter = Silent()
    align_series(wish, reporter)
    with rasterio.open(years / "p.tif") as file:
        assert file.descriptions == ("NDVI 2021-07-07", "NDVI 2021-07-12", "NDVI 2021-07-15")
        np.testing.assert_allclose(file.read(), dt.date(2021, 6, 25).timetuple().tm_yday / 1000)
    said = [text for level, text in reporter.lines if level == "warning"]
    assert any("2021-07-07, 2021-07-12, 2021-07-15" in text for text in said)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"count": 12}, BadInput, "12 base dates are wanted, the aligned series has 10 (2021-04-06"),
        ({"training_before": "2020-01-01"}, BadInput, "The training series has no date before 2020-01-01"),
        ({"strategy": "D", "training_before": ""}, BadInput, "name the training series' target date"),
        ({"target": "summer"}, DateUnreadable, "'summer'"),
        ({"bands": ("B04",)}, BadInput, "No scene has the band B04"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(years: Path, changes: Any, error: Any, says: str) -> None:
    with pytest.raises(error) as caught:
        align_series(job(years, **changes), Silent())
    assert says in caught.value.sentence
    assert sorted(p.name for p in years.iterdir()) == ["2020", "2021"]


def test_years_that_do_not_overlap(years: Path) -> None:
    from affine import Affine

    elsewhere = Affine(10, 0, 600000, 0, -10, 5650000)
    ndvi(years / "far", dt.date(2020, 5, 1), 0.5, transform=elsewhere)
    apart = AlignSeriesJob(
        Series((SceneSource(str(years / "far")),)), Series((SceneSource(str(years / "2021")),)), str(years / "t.tif"),
        str(years / "t.csv"),
    )  # fmt: skip
    with pytest.raises(NoOverlap, match="The training series and the prediction series"):
        align_series(apart, Silent())
