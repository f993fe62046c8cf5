"""Laws of what a network is fed in training: two series, gaps, days of the year, and hidden dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.tiling import Tiling
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    Parcels,
    Split,
)
from crop_classifier_plugin.engine.training.data.labelled_series import LabelledCube
from crop_classifier_plugin.engine.training.data.patches import Augmentation, PatchPlan, ScoringPatches, TrainingPatches
from crop_classifier_plugin.engine.training.optim.losses import IGNORE
from crop_classifier_plugin.engine.training.supervised.job import gather, train
from crop_classifier_plugin.engine.training.supervised.job_defaults import knows_gaps, resolve_job, series_settings
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.train import NetworkSpec, TrainJob
from kits.cards import preprocess_of
from kits.training.two_series import job_of, sources

torch.set_num_threads(1)
BOTH = ("x_s2", "x_s1", "valid_s2", "valid_s1")
STATS = Statistics((1000.0, 2000.0, -12.0), (500.0, 700.0, 3.0))


def season_of(seed: int, dates: int = 4, garbage: float = 0.0) -> LabelledCube:
    """Two optical bands and one of radar, 20 x 24 px; the second date has no scene, and `garbage` in its place."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(100, 4000, (dates, 3, 20, 24)).astype(np.float32)
    optical, radar = (rng.random((dates, 1, 20, 24)) < share for share in (0.3, 0.1))
    image[:, :2][np.repeat(optical, 2, axis=1)] = np.nan
    image[:, 2:][radar] = np.nan
    image[1] = garbage
    present = np.arange(dates) != 1
    part = np.where(np.arange(24) < 12, TRAIN, HELD_OUT)[None].repeat(20, 0).astype(np.uint8)
    target = rng.integers(0, 2, (20, 24)).astype(np.int16)
    grid = Grid(CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.6e6), 20, 24)
    nothing = Parcels(np.zeros((0, 2)), np.zeros(0), np.zeros(0, np.int64))
    days = np.linspace(100, 250, dates).astype(np.int64)
    parted = Split("east", np.zeros(0, np.uint8))
    return LabelledCube("toy", image, target, part, days, present, (dt.date(2024, 4, 24),), grid, nothing, parted)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([np.nan, np.inf, -1e30, 7.0]))
def test_what_stands_in_place_of_a_missing_date_changes_nothing(seed: int, garbage: float) -> None:
    preprocess = preprocess_of((*BOTH, "doy"), STATS, 2)
    changes = Augmentation(jitter=0.05, optical=(0.1, 0.3), radar=0.1)
    items = []
    for season in (season_of(seed), season_of(seed, garbage=garbage)):
        items += [
            TrainingPatches([season], preprocess, PatchPlan(8, 3, seed), changes)[2],
            ScoringPatches([season], preprocess, 3, Tiling(16, 0, 0))[0],
        ]
    for before, after in zip(items[:2], items[2:]):
        assert list(before) == [*preprocess.inputs.tensors, "target"]
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert not before["x_s2"][1].any()
        assert not before["x_s1"][1].any()
        assert before["valid_s2"][1] == before["valid_s1"][1] == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_inputs_are_z_scores_days_and_usable_shares(seed: int) -> None:
    season = season_of(seed)
    cube = season.read(Window(0, 0, 16, 16))
    taken = preprocess_of((*BOTH, "doy"), STATS, 2).asked(cube, season.days)
    for t in range(4):
        for name, bands, valid in (("x_s2", [0, 1], "valid_s2"), ("x_s1", [2], "valid_s1")):
            seen = ~np.isnan(cube[t, bands]).any(axis=0)
            assert taken[valid][t] == pytest.approx(seen.mean(), abs=1e-6)
            for i, band in enumerate(bands):
                expected = np.where(seen, (cube[t, band] - STATS.mean[band]) / STATS.std[band], 0)
                np.testing.assert_allclose(taken[name][t, i], expected, atol=1e-4)
    np.testing.assert_array_equal(taken["doy"], season.days)
    one = preprocess_of(("x", "valid"), STATS.of(slice(2))).asked(cube[:, :2], season.days)
    np.testing.assert_array_equal(one["x"], taken["x_s2"])
    np.testing.assert_array_equal(one["valid"], taken["valid_s2"])
    alone = preprocess_of(("x_s1", "valid_s1"), STATS.of(slice(2, None))).asked(cube[:, 2:], season.days)
    np.testing.assert_array_equal(alone["x_s1"], taken["x_s1"])


def test_hidden_dates_are_hidden_whole_as_often_as_asked_and_never_all() -> None:
    inputs = preprocess_of(BOTH, STATS, 2).inputs
    rng = np.random.default_rng(0)
    cube = np.ones((10, 3, 2, 2), np.float32)
    hidden = np.zeros(2)
    for _ in range(400):
        kept = Augmentation(optical=(0.1, 0.3), radar=0.1).apply(cube, inputs, rng)
        missing = np.isnan(kept)
        assert (missing.all(axis=(2, 3)) == missing.any(axis=(2, 3))).all()
        assert (missing[:, 0] == missing[:, 1]).all()
        hidden += missing[:, [0, 2], 0, 0].mean(axis=0) / 400
    np.testing.assert_allclose(hidden, [0.2, 0.1], atol=0.02)
    only = preprocess_of(("x",), STATS).inputs
    assert all(not np.isnan(Augmentation(optical=(0.9, 0.99)).apply(cube[:1], only, rng)).all() for _ in range(50))


@given(seed=st.integers(0, 2**16), level=st.floats(-25, -5))
def test_the_gain_of_decibels_is_that_of_the_power_behind_them(seed: int, level: float) -> None:
    power = np.full((4, 1, 2, 2), 10 ** (level / 10), np.float32)
    power[..., 1] *= 10
    inputs = preprocess_of(("x",), STATS.of(slice(1))).inputs
    linear = Augmentation(jitter=0.05).apply(power, inputs, np.random.default_rng(seed))
    decibel = Augmentation(jitter=0.05, decibel=(0,)).apply(10 * np.log10(power), inputs, np.random.default_rng(seed))
    np.testing.assert_allclose(decibel, 10 * np.log10(linear), atol=1e-3)


# --- whole trainings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0, 3, 4])
def test_a_label_counts_where_enough_dates_of_either_series_are_usable(place: Path, tmp_path: Path, least: int) -> None:
    windows = tuple((a, a + 29) for a in (61, 91, 121, 151))  # two optical dates a window, and one of radar
    job, legend = resolve_job(
        job_of(place, tmp_path, windows=windows, reduce="clearest", min_dates=least, network="unet_3d", settings=()),
        Silent(),
    )
    (season,) = gather(job, legend, tmp_path, Silent(), 32).train
    usable = (~np.isnan(season.image).any(axis=1)).sum(axis=0)
    np.testing.assert_array_equal(season.target != IGNORE, usable >= (least or 4))
    np.testing.assert_array_equal(season.part > 0, season.target != IGNORE)


def settings_of(job: TrainJob) -> dict[str, str]:
    return dict(series_settings(job.network, job.model_inputs, job.has_radar))


def test_the_network_decides_which_series_there_are(place: Path, tmp_path: Path) -> None:
    radar = sources(place / "s1")
    both = settings_of(job_of(place, tmp_path, radar=radar))
    optical = settings_of(job_of(place, tmp_path))
    alone = settings_of(job_of(place, tmp_path, bands=("VH",)))
    assert (both["optical"], both["radar"], both["radar_bands"]) == ("true", "true", "2")
    assert (optical["optical"], optical["radar"]) == ("true", "false")
    assert (alone["optical"], alone["radar"], alone["radar_bands"]) == ("false", "true", "1")
    with pytest.raises(BadInput, match="unet takes one series"):
        settings_of(job_of(place, tmp_path, network="unet", settings=(), radar=radar))
    assert [knows_gaps(NetworkSpec(name), 2) for name in ("unet", "cropsts")] == [False, True]


@pytest.mark.filterwarnings("default")
def test_two_series_train_to_a_model_that_says_what_it_takes(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path / "m", radar=sources(place / "s1"), optical_dropout=(0.1, 0.3), radar_dropout=0.1)
    train(job, Silent())
    card = load_card(tmp_path / "m")
    assert card.inputs.tensors == BOTH
    assert card.inputs.radar.bands == ("VV", "VH")
    assert all(-20 < value < 0 for value in card.statistics.mean[-2:])
    dates = card.inputs.dates
    assert (dates.reduce, dates.min_dates, len(dates.windows)) == ("median", 1, 4)  # the months March to June
    session = ort.InferenceSession(tmp_path / "m" / "model.onnx", providers=["CPUExecutionProvider"])
    shapes = {i.name: i.shape for i in session.get_inputs()}
    assert set(shapes) == set(BOTH)
    fixed = {name: [s if isinstance(s, int) else None for s in shape] for name, shape in shapes.items()}
    assert fixed["x_s2"] == [None, None, 2, None, None]
    assert fixed["valid_s1"] == [None, None]
