"""What the report of a training says of how it was done."""

import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.networks.random_forest import RandomForestConfig
from crop_classifier_plugin.engine.networks.registry import configure
from crop_classifier_plugin.engine.training.data.split_file import validation_share
from crop_classifier_plugin.engine.training.loop.epochs import EpochLog, Learning
from crop_classifier_plugin.engine.training.optim.recipes import recipe_of, resolve_recipe
from crop_classifier_plugin.engine.training.report.report import Trained, to_html
from crop_classifier_plugin.engine.training.report.settings_table import (
    describe_label_source,
    describe_split,
    kept_epoch,
    settings_table,
    told_recipe,
)
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.forest import FOREST
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from kits.paths import REPOSITORY
from kits.training.jobs import changed, some_job

JOB = some_job(labels="parcels.gpkg", network="unet", settings=(("preset", "small"),))
MODELS = REPOSITORY / "models"


def logs(scores):
    return tuple(EpochLog(i, 1 / (i + 1), 0.011, 2.0, {"validation_mean_f1": score}) for i, score in enumerate(scores))


def learning_of(network, scores, name="paper"):
    return Learning(logs(scores), recipe_of(network, name), 10)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1))
def test_the_kept_epoch_is_the_first_or_the_last_of_the_best(scores):
    best = [i + 1 for i, score in enumerate(scores) if score == max(scores)]
    assert kept_epoch(learning_of("unet", scores)) == best[0]
    assert kept_epoch(learning_of("unet_convlstm", scores)) == best[-1]  # its paper's recipe takes ties


@pytest.mark.parametrize("network", ["unet", "unet_convlstm"])
def test_without_validation_the_last_epoch_is_kept(network):
    assert kept_epoch(learning_of(network, [math.nan] * 4)) == 4
    assert kept_epoch(Learning()) == 0


def test_the_split_is_told_as_it_was_made():
    straight, raster = describe_split(JOB, "parcel"), describe_split(JOB, "connected region")
    assert "Whole parcels were parted by a straight cut" in straight
    assert "30% was to be held out for the test, 15% was to choose the best epoch." in straight
    assert "Points (those whose pixels touch go together) were parted" in describe_split(JOB, "point")
    assert "Whole connected regions were parted by a straight cut" in raster
    blocks = describe_split(changed(JOB, split="block", block=250.0), "parcel")
    assert "Squares of 250 map units were parted at random" in blocks
    assert "straight" not in blocks + describe_split(changed(JOB, split="parcel"), "parcel")
    checked = describe_split(changed(JOB, validation_series=JOB.data), "parcel")
    assert "15%" not in checked
    assert "Series of their own chose the best epoch, without held-out parcels." in checked


def test_labels_are_told_with_all_their_fields():
    assert describe_label_source(LabelSource("a.gpkg", "plots", "crop")) == "layer plots, field crop"
    assert describe_label_source(LabelSource("a.tif")) == "a class raster"
    months = LabelSource("a.gpkg", month_fields=(("2019-11", "Nov_2019"), ("2019-10", "Oct_2019")))
    assert describe_label_source(months) == "fields Oct_2019 (2019-10), Nov_2019 (2019-11)"


def test_a_forest_has_no_validation_and_one_set_of_defaults():
    assert (validation_share(JOB), validation_share(changed(JOB, network="random_forest"))) == (0.15, 0.0)
    small = RandomForestConfig.parse({"preset": "small"}, 6, 4, 3)
    assert small.settings() == FOREST


def manner(network, history=(), **changes):
    job = changed(JOB, network=network, device="cpu", **changes)
    grown = network == "random_forest"
    learning = Learning() if grown else Learning(history, resolve_recipe(network, job.optim), 12)
    return dict(settings_table(job, configure(network, {"preset": "small"}, 6, 4, 3), learning, 75.0))


def test_the_table_tells_what_decided_the_training():
    asked = {"epochs": 7, "patch": 50, "batch": 5, "optimizer": "adamw", "learning_rate": 0.002}
    told = manner("unet", logs([0.5] * 3), recipe="paper", **asked)
    assert told["Recipe"] == "paper, changed"
    assert told["Network"].endswith("(unet)")
    assert told["Settings"].startswith("preset small: widths=16,24,32,48, deep_supervision=false, ")
    assert told["Optimiser"] == "AdamW, weight decay 0.01"
    assert told["Learning rate"] == "0.002, schedule: polynomial"
    assert told["Batch"] == "5 patches of 56 x 56 px"
    assert told["Epochs"] == "3 of 7 at most, of 12 steps"
    assert "the CPU was asked for), precision 32-true" in told["Device"]
    assert told["Time"] == "6.0 s for the epochs, 1 min 15 s for the run, from reading to testing"
    assert "torch 2" in told["Versions"]
    assert "ends after 4 without" in manner("unet", patience=4)["Epochs"]
    assert set(told) - set(manner("random_forest")) == {
        "Recipe", "Loss", "Optimiser", "Learning rate", "Batch", "Epochs", "Device",
    }  # fmt: skip


def test_the_page_shows_the_table_and_the_kept_epoch():
    card = load_card(MODELS / "vunetconvlstm_simulated_radar")
    job = changed(JOB, network="vunet_convlstm", class_field="", month_fields=(("2019-10", "Oct_2019"),))
    counts = tuple((1, 1, 1) for _ in card.legend)
    document = Trained(
        job, card, learning_of("vunet_convlstm", [0.2, 0.5, 0.5]), (), counts, (("Seed", "1"), ("Loss", "<focal>"))
    ).document()
    page = to_html(json.loads(json.dumps(document)))
    assert "The weights of epoch 3 were kept" in page
    assert re.search(r'<tr><th>Loss</th><td class="word">&lt;focal&gt;</td></tr>', page)
    assert "<code>parcels.gpkg</code>, fields Oct_2019 (2019-10)</dd>" in page


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "default: AdamW, "),
        ({"recipe": "paper"}, "paper: SAM, learning rate 0.011 (polynomial), "),
        ({"recipe": "paper", "epochs": 3}, "paper, changed: SAM, "),
        ({"batch": 3}, "default, changed: "),
    ],
)
def test_the_recipe_is_told_and_whether_it_was_changed(changes, expected):
    job = changed(JOB, network="lrtacf_net", **changes)
    recipe = replace(resolve_recipe("lrtacf_net", job.optim), epochs=9)
    told = told_recipe(job, Learning((), recipe, 12))
    assert told.startswith(expected)
    assert told.endswith(", 9 epochs of 12 steps")
    assert told_recipe(changed(JOB, network="random_forest"), Learning()) == ""
