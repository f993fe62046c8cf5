"""Laws of labels and splits: by month, from a raster, by block, thinned; and of trainings that start from another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    Parcels,
    SplitRule,
    split,
)
from crop_classifier_plugin.engine.training.data.band_statistics import statistics
from crop_classifier_plugin.engine.training.data.patches import Augmentation, PatchPlan, TrainingPatches, count_classes
from crop_classifier_plugin.engine.training.data.split_file import split_json
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.engine.training.supervised.job import gather, train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.cards import preprocess_of
from kits.rasters import write_raster
from kits.training.jobs import changed, labelled
from kits.training.two_series import SIDE, job_of, sources

torch.set_num_threads(1)


# --- split -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from(["block", "parcel", "side"]), st.booleans())
def test_what_belongs_together_is_parted_whole_and_the_same_again(seed: int, n: int, by: str, grouped: bool) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 8, n) if grouped else None
    points = np.stack([groups * 100.0, groups * 10.0], axis=1) if groups is not None else rng.uniform(0, 1000, (n, 2))
    parcels = Parcels(points, rng.uniform(1, 9, n), rng.integers(0, 4, n), groups)
    rule = SplitRule(0.3, 0.15, "auto", seed, by, 150.0)
    parted = split(parcels, rule)
    assert set(parted.parts) <= {TRAIN, VALIDATION, HELD_OUT}
    np.testing.assert_array_equal(parted.parts, split(parcels, rule).parts)
    units = np.floor((points - points.min(axis=0)) / 150) @ [1000, 1] if by == "block" else groups
    if units is not None:
        assert all(len(set(parted.parts[units == unit])) == 1 for unit in set(units.tolist()))


# --- labels by month -------------------------------------------------------------------------------------------------

MONTHS = (("2024-05", "May"), ("2024-06", "June"))


@pytest.fixture(scope="module")
def monthly(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parcels of `place`, whose wheat is soil in June; one parcel is not labelled in May."""
    frame = gpd.read_file(place / "parcels.gpkg")
    frame["May"] = frame["crop"]
    frame["June"] = frame["crop"].replace("wheat", "soil")
    frame.loc[0, "May"] = None
    path = tmp_path_factory.mktemp("monthly") / "months.gpkg"
    frame.drop(columns="crop").to_file(path)
    return path


def monthly_job(place: Path, monthly: Path, model: Path, **changes: object) -> TrainJob:
    facts: dict[str, object] = {
        "labels": str(monthly), "class_field": "", "month_fields": MONTHS[::-1], "network": "vunet_convlstm",
        "settings": (("widths", "4"), ("hidden", "4")), "windows": ((1, 30),) * 5, "min_dates": 1,
    }  # fmt: skip
    return job_of(place, model, **(facts | changes))


def test_seasons_of_months_are_views_of_one_series_with_the_labels_of_their_month(
    place: Path,
    monthly: Path,
    tmp_path: Path,
) -> None:
    job, legend = resolve_job(monthly_job(place, monthly, tmp_path), Silent())
    material = gather(job, legend, tmp_path, Silent(), 32)
    may, june = material.train
    assert (may.month, june.month, may.shared, june.shared) == ("2024-05", "2024-06", 0, 4)
    assert np.shares_memory(may.image, june.image)
    np.testing.assert_array_equal(may.image[1:], june.image[:-1])  # one month later, a copy would be the same
    assert len(may.days) == len(june.days) == 5
    assert may.present.tolist() == [False, False, True, True, True]  # January and February have no scene
    assert june.present.tolist() == [False, True, True, True, True]
    assert all(abs(int(day) - 30.5 * m - 15) < 3 for m, day in enumerate(june.days, start=1))  # the months' middles
    names = legend.names
    assert set(names) == {"maize", "wheat", "soil"}
    known = (may.target != IGNORE) & (june.target != IGNORE)
    assert (may.target[:8, :8] == IGNORE).all()
    assert (june.target[:8, :8] == names.index("maize")).all()
    assert ((may.target[known] == names.index("wheat")) == (june.target[known] == names.index("soil"))).all()
    np.testing.assert_array_equal(may.part[known], june.part[known])
    whole = np.concatenate([may.image, june.image[-1:]])
    whole[:2] = np.nan
    expected = np.where((may.part == HELD_OUT) | (june.part == HELD_OUT), np.nan, whole)
    np.testing.assert_allclose(statistics(material.train).mean, np.nanmean(expected, axis=(0, 2, 3)), rtol=2e-2)


def test_each_batch_is_of_the_next_month(place: Path, monthly: Path, tmp_path: Path) -> None:
    job, legend = resolve_job(monthly_job(place, monthly, tmp_path), Silent())
    seasons = gather(job, legend, tmp_path, Silent(), 32).train
    preprocess = preprocess_of(("x", "doy", "valid"), Statistics((0.0, 0.0), (1.0, 1.0)))
    patches = TrainingPatches(seasons, preprocess, PatchPlan(16, 12, seed=1, batch=3), Augmentation())
    last = [int(patches[i]["doy"][-1]) for i in range(12)]
    assert last == ([int(seasons[0].days[-1])] * 3 + [int(seasons[1].days[-1])] * 3) * 2


@pytest.mark.filterwarnings("default")
def test_a_model_of_months_says_so(place: Path, monthly: Path, tmp_path: Path) -> None:
    train(monthly_job(place, monthly, tmp_path / "m", epochs=1), Silent())
    card = load_card(tmp_path / "m")
    assert card.inputs.dates.monthly
    assert (card.dates, card.inputs.tensors) == (5, ("x", "doy", "valid"))
    assert (tmp_path / "m" / "weights.safetensors").is_file()
    record = json.loads((tmp_path / "m" / "training.run.json").read_text())
    assert {row["band"] for row in record["bands_from"]} == {"B04", "B8A"}
    assert record["model_sha256"] == card.weights.sha256
    assert (tmp_path / "m" / "training.html").read_text().count("data:image/png;base64,") >= 2


def test_months_that_the_network_cannot_tell_apart_are_refused(place: Path, monthly: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not told the month"):
        resolve_job(monthly_job(place, monthly, tmp_path, network="unet_convlstm"), Silent())
    one = monthly_job(place, monthly, tmp_path, network="unet_convlstm", month_fields=MONTHS[:1])
    assert len(resolve_job(one, Silent())[0].model_inputs.windows) == 5
    with pytest.raises(BadInput, match="YYYY-MM"):
        monthly_job(place, monthly, tmp_path, month_fields=(("May", "May"),))


# --- a class raster, thinned labels, a second series for validation ---------------------------------------------------


def test_a_class_raster_is_read_as_it_is_and_parted_by_whole_regions(place: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = np.where(rng.random((SIDE + 20, SIDE)) < 0.8, rng.integers(1, 3, (SIDE + 20, SIDE)), 0).astype(np.uint8)
    path = write_raster(tmp_path / "truth.tif", codes[None], nodata=0)
    job = job_of(place, tmp_path, labels=str(path), class_field="", min_dates=1, network="unet_3d", settings=())
    job, legend = resolve_job(job, Silent())
    assert legend.codes == (1, 2)
    (season,) = gather(job, legend, tmp_path, Silent(), 32).train
    np.testing.assert_array_equal(season.target, codes[:SIDE].astype(int) - 1)
    for code in (1, 2):
        regions, number = scipy.ndimage.label(codes[:SIDE] == code)
        assert all(len(set(season.part[regions == region])) == 1 for region in range(1, number + 1))
    assert set(season.part[season.part > 0]) >= {TRAIN, HELD_OUT}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(least=st.integers(1, 5), fields=st.integers(1, 4))
def test_a_class_raster_needs_regions_enough_of_each_class(
    place: Path,
    tmp_path_factory: pytest.TempPathFactory,
    least: int,
    fields: int,
) -> None:
    """Up to four fields of maize lie in one of wheat: what is refused is named with its count."""
    folder = tmp_path_factory.mktemp("regions")
    codes = np.ones((SIDE, SIDE), np.uint8)
    for number in range(fields):
        row, col = 32 * (number // 2), 32 * (number % 2)
        codes[row + 4 : row + 9, col + 4 : col + 30] = 2
    path = write_raster(folder / "truth.tif", codes[None], nodata=0)
    changes = {"labels": str(path), "class_field": "", "min_dates": 1, "network": "unet_3d", "settings": ()}
    job, legend = resolve_job(job_of(place, folder, min_parcels=least, **changes), Silent())
    few = [f"{name} has {n}" for name, n in zip(legend.names, (1, fields)) if n < least]
    if few:
        with pytest.raises(LabelsUnusable, match=re.escape(f"({', '.join(few)}, at least {least}")):
            gather(job, legend, folder, Silent(), 32)
    else:
        assert gather(job, legend, folder, Silent(), 32).train


def test_labels_are_thinned_to_what_was_asked_and_never_beyond_training(place: Path, tmp_path: Path) -> None:
    job, legend = resolve_job(job_of(place, tmp_path), Silent())
    parts = []
    for number, most in enumerate((0, 37)):
        folder = tmp_path / str(number)
        folder.mkdir()
        parts.append(gather(changed(job, samples_per_class=most), legend, folder, Silent(), 32).train)
    before, after = parts
    assert count_classes(before, TRAIN, 2).min() > 37
    assert count_classes(after, TRAIN, 2).tolist() == [37, 37]
    for part in (VALIDATION, HELD_OUT):
        np.testing.assert_array_equal(before[0].part == part, after[0].part == part)
    kept = after[0].part == TRAIN
    np.testing.assert_array_equal(before[0].target[kept], after[0].target[kept])


def test_a_second_series_takes_the_place_of_validation_parcels(place: Path, tmp_path: Path) -> None:
    more = labelled(sources(place / "s2"), str(place / "parcels.gpkg"))
    job, legend = resolve_job(job_of(place, tmp_path, validation_series=(more,)), Silent())
    material = gather(job, legend, tmp_path, Silent(), 32)
    assert not count_classes(material.train, VALIDATION, 2).any()
    assert set(np.unique(material.checks[0].part)) <= {0, VALIDATION}
    assert count_classes(material.checks, VALIDATION, 2).all()


@pytest.mark.parametrize("second", [False, True], ids=["a share", "a second series"])
def test_the_split_file_says_what_chose_the_best_epoch(place: Path, tmp_path: Path, second: bool) -> None:
    checks = (labelled(sources(place / "s2"), str(place / "parcels.gpkg")),) if second else ()
    job, legend = resolve_job(job_of(place, tmp_path, validation=0.2, validation_series=checks), Silent())
    material = gather(job, legend, tmp_path, Silent(), 32)
    told = json.loads(split_json(job, material))
    (here,) = told["places"]
    share = len(here["validation"]) / sum(len(here[part]) for part in ("train", "validation", "held_out"))
    assert told["rule"]["validation"] == pytest.approx(share, abs=0.1)
    named = told["rule"].get("validation_series", [])
    assert [series["labels"] for series in named] == [str(place / "parcels.gpkg")] * second
    assert all(sorted(series["dates"]) == sorted(here["dates"]) for series in named)  # the same scenes once more
