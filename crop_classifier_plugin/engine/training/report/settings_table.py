"""How a model was trained, in words for its report."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from ....shared.choices import LOSSES, OPTIMIZERS
from ....shared.jobs.sources import LabelSource
from ....shared.jobs.train import TrainJob
from ....shared.networks import NETWORKS
from ....shared.recipes import Recipe, describe
from ...execution.run_record import versions
from ...networks.base import NetworkConfig
from ...splits.split import UNITS
from ..data.split_file import validation_share
from ..loop.accelerator import choose_accelerator
from ..loop.epochs import EpochLog, Learning, best_epoch
from ..loop.evaluation import MEAN_F1
from ..model_folder.card_builder import round_up
from ..optim.recipes import recipe_of

Rows = tuple[tuple[str, str], ...]


def settings_table(job: TrainJob, config: NetworkConfig, learning: Learning, seconds: float) -> Rows:
    """What and how, row by row; `seconds`: what this run has taken so far."""
    network, settings = job.network, dict(job.network.settings)
    size = f"preset {settings['preset']}: " if "preset" in settings else ""
    rows = [
        ("Network", f"{NETWORKS[network.name].title} ({network.name})"),
        ("Settings", size + ", ".join(f"{name}={_written(value)}" for name, value in config.settings().items())),
        *(_learning(job, config, learning) if learning.recipe else ()),
        ("Time", _time(learning.history, seconds)),
        ("Seed", str(job.seed)),
    ]
    if network.start:
        rows.append(("Started from", Path(network.start).name))
    if network.frozen:
        rows.append(("Not trained", ", ".join(network.frozen)))
    packages = {"Python": platform.python_version(), **versions()}
    return (*rows, ("Versions", ", ".join(f"{name} {number}" for name, number in packages.items())))


def _written(value: object) -> str:
    """A setting as the user writes it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def told_recipe(job: TrainJob, learning: Learning) -> str:
    """By which recipe a network was trained, in one phrase; "" of what is grown."""
    recipe, name = learning.recipe, job.optim.recipe
    if recipe is None:
        return ""
    own = recipe_of(job.network.name, name)
    changed = "" if replace(recipe, epochs=own.epochs) == own and not job.optim.epochs else ", changed"
    return f"{name}{changed}: {describe(recipe)} of {learning.steps} steps"


def _learning(job: TrainJob, config: NetworkConfig, learning: Learning) -> Rows:
    recipe, history = cast(Recipe, learning.recipe), learning.history
    side = round_up(recipe.patch, config.multiple)
    decay = f", weight decay {recipe.weight_decay:g}" if recipe.weight_decay else ""
    patience = f"; it ends after {recipe.patience} without a better validation" if recipe.patience else ""
    return (
        ("Recipe", told_recipe(job, learning).partition(":")[0]),
        ("Loss", LOSSES[recipe.loss]),
        ("Optimiser", f"{OPTIMIZERS[recipe.optimizer]}{decay}"),
        ("Learning rate", f"{recipe.learning_rate:g}, schedule: {recipe.schedule.replace('_', ' ')}"),
        ("Batch", f"{recipe.batch} patches of {side} x {side} px"),
        ("Epochs", f"{len(history)} of {recipe.epochs} at most, of {learning.steps} steps{patience}"),
        ("Device", choose_accelerator(job.hardware, recipe.optimizer).message.removeprefix("Training on ").rstrip(".")),
    )


def _time(history: Sequence[EpochLog], seconds: float) -> str:
    """Epochs of an earlier run that was broken off count as epochs, not as this run's time."""
    epochs = f"{_span(sum(log.seconds for log in history))} for the epochs, " if history else ""
    return f"{epochs}{_span(seconds)} for the run, from reading to testing"


def _span(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def kept_epoch(learning: Learning) -> int:
    """The epoch whose weights were kept, counted from 1; 0 where there was none."""
    return best_epoch(learning.history, MEAN_F1, learning.recipe.ties) + 1 if learning.recipe else 0


def describe_split(job: TrainJob, unit: str) -> str:
    """How parcels were parted: two or three sentences. `unit`: what they are, one of UNITS."""
    split = job.split
    units = UNITS[unit]
    side = f"{split.block:g} map units" if split.block else "a tenth of the labelled area's side"
    whole = ", never single pixels" if unit != "point" else ""
    whole_units = f"Whole {units}" if whole else units.capitalize()
    told = {
        "side": f"{whole_units} were parted by a straight cut across the area{whole}.",
        "block": f"Squares of {side} were parted at random, each with all {units} that lie in it.",
        "parcel": f"{whole_units} were parted at random{whole}: neighbours of the tested ones were learnt from.",
    }[split.method]
    share = validation_share(job)
    checks = f", {share:.0%} was to choose the best epoch" if share else ""
    series = " Series of their own chose the best epoch, without held-out parcels." if job.validation_series else ""
    start = (
        " Nothing that the model it started from is known to have learnt from was held out."
        if job.network.start
        else ""
    )
    return f"{told} Of the labelled area {split.held_out:.0%} was to be held out for the test{checks}.{series}{start}"


def describe_label_source(labels: LabelSource) -> str:
    """What was read of the labels' file, and which classes."""
    choice = labels.choice.told()
    return f"{_read_of(labels)}; {choice}" if choice else _read_of(labels)


def _read_of(labels: LabelSource) -> str:
    layer = [f"layer {labels.layer}"] if labels.layer else []
    if labels.month_rasters:
        return f"class rasters of {', '.join(labels.months)}"
    if labels.month_fields:
        fields = ", ".join(f"{field} ({month})" for month, field in sorted(labels.month_fields))
        return ", ".join([*layer, f"fields {fields}"])
    return ", ".join([*layer, f"field {labels.class_field}" if labels.class_field else "a class raster"])
