"""What a training does for a user: windows, legend, refusals, overlaps, the report, and the command in a terminal."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution import outputs
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.legend_from_labels import legend_of
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.engine.training.supervised.date_windows import MOST_SCENES, months_of, windows_around
from crop_classifier_plugin.engine.training.supervised.job import gather, train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.errors import (
    BadInput,
    Cancelled,
    CropClassifierError,
    LabelsUnusable,
    TrainingFailed,
)
from crop_classifier_plugin.shared.jobs.sources import read_windows
from kits.training.parcels import NORTH, SIDE, WEST, job_of, parcels, write_place

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("place"))


# --- windows ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 366), min_size=1, max_size=MOST_SCENES, unique=True), st.integers(1990, 2050))
def test_each_date_lies_in_its_own_window_and_in_no_other(days: list[int], year: int) -> None:
    dates = [dt.date(year, 6, 1) + dt.timedelta(day) for day in days]
    windows = windows_around(dates)
    first = dt.date(max(dates).year, 1, 1)
    for date, (a, b) in zip(sorted(dates), windows):
        day = (date - first).days + 1
        assert a <= day <= b
        assert day - a <= 20
        assert b - day <= 20
        assert sum(c <= day <= d for c, d in windows) == 1
        assert DayWindow(a, b)


def test_too_many_dates_or_seasons_ask_for_windows() -> None:
    day = dt.date(2024, 3, 1)
    with pytest.raises(BadInput, match="7 dates"):
        windows_around([day + dt.timedelta(10 * i) for i in range(7)])
    with pytest.raises(BadInput, match="more than one season"):
        windows_around([day, day.replace(year=2026)])


@given(st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)), st.lists(st.integers(0, 690), min_size=1, max_size=20))
def test_months_cover_every_date_once_and_follow_each_other(start: dt.date, days: list[int]) -> None:
    dates = [start + dt.timedelta(day) for day in days]
    windows = months_of(dates)
    year = (min(dates) + (max(dates) - min(dates)) / 2).year
    spans = [tuple(dt.date(year, 1, 1) + dt.timedelta(day - 1) for day in window) for window in windows]
    assert all(first.day == 1 and (last + dt.timedelta(1)).day == 1 for first, last in spans)
    assert all((later[0] - earlier[1]).days == 1 for earlier, later in itertools.pairwise(spans))
    assert spans[0][0] <= min(dates) <= spans[0][1]
    assert spans[-1][0] <= max(dates) <= spans[-1][1]
    assert all(DayWindow(*window) for window in windows)


def test_more_than_two_years_ask_for_windows() -> None:
    with pytest.raises(BadInput, match="25 months"):
        months_of([dt.date(2022, 1, 1), dt.date(2024, 1, 1)])


@given(st.lists(st.tuples(st.integers(-300, 300), st.integers(0, 100)), max_size=6))
def test_windows_are_read_as_they_are_written(pairs: list[tuple[int, int]]) -> None:
    windows = tuple((first, first + length) for first, length in pairs)
    assert read_windows(", ".join(f"{a}-{b}" for a, b in windows)) == windows
    assert read_windows(";".join(f" {a} .. {b} " for a, b in windows)) == windows


@pytest.mark.parametrize("text", ["135-95", "April", "95", "95-135-150"])
def test_windows_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(BadInput, match=re.escape(repr(text))):
        read_windows(text)


# --- legend ----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(st.text("abcXYZ 19", min_size=1).filter(str.strip), min_size=1, max_size=60))
def test_every_label_finds_its_class_and_no_two_look_alike(labels: list[str]) -> None:
    legend = legend_of(Counter(label.strip() for label in labels))
    assert all(legend.find(label) for label in labels)
    numbers = {int(label) for label in labels if label.strip().isdecimal() and int(label) <= 65_534}
    own_codes = len(numbers) == len(legend) == len({label.strip() for label in labels})
    assert legend.codes == (tuple(sorted(numbers)) if own_codes else tuple(range(1, len(legend) + 1)))
    assert len({c.colour for c in legend}) == len(legend)


def test_classes_are_in_the_order_of_their_names() -> None:
    assert legend_of(Counter(["Wheat", "maize", "wheat", "Beet"])).names == ("Beet", "maize", "Wheat")
    assert legend_of(Counter(["100", "9", "20"])).names == ("9", "20", "100")


# --- labels ----------------------------------------------------------------------------------------------------------


def test_what_polygons_of_different_classes_share_is_left_out_and_counted(place: Path, tmp_path: Path) -> None:
    frame = parcels()
    over = gpd.GeoDataFrame(
        {"crop": ["maize", "Beet"]},
        geometry=[shapely.box(WEST, NORTH - 80, WEST + 40, NORTH), shapely.box(WEST, NORTH - 40, WEST + 20, NORTH)],
        crs=frame.crs,
    )  # both over the first parcel, which is Beet: 32 pixels of maize, of which 8 are also the second's
    pd.concat([frame, over]).to_file(tmp_path / "over.gpkg")
    reporter = Silent()
    job, legend = resolve_job(job_of(place, tmp_path / "m", labels=str(tmp_path / "over.gpkg")), reporter)
    (season,) = gather(job, legend, tmp_path, reporter, 32).train
    assert (season.target[:8, :4] == IGNORE).all()
    assert not season.part[:8, :4].any()
    assert (season.target[:8, 4:8] == 0).all()
    assert (season.target != IGNORE).sum() == SIDE * SIDE - 32
    (warning,) = [text for level, text in reporter.lines if level == "warning"]
    assert warning.startswith("2 pairs of polygons or points of different classes overlap")
    assert "about 32 pixels" in warning


def test_labels_in_another_crs_are_the_same_labels(place: Path, tmp_path: Path) -> None:
    parcels().to_crs("EPSG:4326").to_file(tmp_path / "degrees.gpkg")
    targets = []
    for number, labels in enumerate((place / "parcels.gpkg", tmp_path / "degrees.gpkg")):
        job, legend = resolve_job(job_of(place, tmp_path / "m", labels=str(labels)), Silent())
        folder = tmp_path / str(number)
        folder.mkdir()
        targets.append(gather(job, legend, folder, Silent(), 32).train[0].target)
    assert (targets[0] == targets[1]).mean() > 0.999


def test_a_class_with_too_few_parcels_is_named_with_its_count(place: Path, tmp_path: Path) -> None:
    frame = parcels()
    frame.loc[0, "crop"] = "Oats"
    frame.to_file(tmp_path / "oats.gpkg")
    job = job_of(place, tmp_path / "m", labels=str(tmp_path / "oats.gpkg"), min_parcels=2)
    with pytest.raises(LabelsUnusable, match=r"Oats has 1, at least 2 are asked for"):
        train(job, Silent())
    assert not (tmp_path / "m").exists()


def test_a_legend_that_knows_no_label_is_refused(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "legend.json"
    path.write_text(json.dumps([{"code": 1, "name": "Rice", "colour": "#112233"}]))
    with pytest.raises(LabelsUnusable, match="No label is in the legend"):
        train(job_of(place, tmp_path / "m", legend=str(path)), Silent())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bands": ("B04", "B13")}, "needs B13, which"),
        ({"windows": ((1, 20), (150, 195))}, "needs 2 dates"),
        ({"settings": (("widths", "8,9"), ("heads", "2"), ("cfma_blocks", "1"))}, "multiples of heads"),
        ({"min_parcels": 1000}, r"Beet has 21, maize has 22, Wheat has 21, at least 1000"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused_at_once(place: Path, tmp_path: Path, change: dict, said: str) -> None:
    with pytest.raises(CropClassifierError, match=said) as caught:
        train(job_of(place, tmp_path / "m", **change), Silent())
    assert caught.value.sentence.count("\n") == 0


def test_a_training_cut_short_leaves_no_pixels_behind(place: Path, tmp_path: Path) -> None:
    """The process goes while the job still runs: what it tidies up then is all that the training had written."""
    near = tmp_path / "m.training"

    class Gone(Silent):
        def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
            if message.startswith("Training"):
                assert [p.name for p in near.rglob("image")] == ["image"]
                outputs.discard_all()
                assert not near.exists()
                raise Cancelled

    with pytest.raises(Cancelled):
        train(job_of(place, tmp_path / "m"), Gone())
    assert not near.exists()


def test_a_loss_that_is_no_number_ends_the_training(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path / "m", optimizer="sam", learning_rate=1e30, epochs=20)
    with pytest.raises(TrainingFailed, match="lower the learning rate"):
        train(job, Silent())
    assert not (tmp_path / "m").exists()
