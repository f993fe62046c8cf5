"""Scores the models that ship again, by today's rule, and writes what a card says of its training anew.

The weights stay as they are. The parcels must be those that the training held out: where a job parts them
otherwise than the split file tells, its figures would be of parcels that it learnt from, and it is refused.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ....shared.cards.card import Card
from ....shared.cards.files import checked_weights, load_card, save_card
from ....shared.errors import BadInput
from ...execution.reporter import Reporter
from ...execution.scratch import numbered_folder
from ...splits.split_file import SPLIT_FILE
from ...training.data.split_file import split_json
from ...training.loop.evaluation import Mapper, accuracy_rows
from ...training.model_folder.training_facts import training_facts
from ...training.supervised.job import assess
from ...training.supervised.job_defaults import resolve_job
from ...training.supervised.load_data import gather
from ..places import Places
from .train import BESIDE_FORESTS, JOBS, add_forests


def rescore(name: str, model: Path, places: Places, reporter: Reporter) -> Card:
    """The card with the accuracy of the file as it maps today; the seasons are simulated into `places.work`."""
    card = load_card(model)
    job, legend = resolve_job(JOBS[name](str(model), places), reporter)
    margin = max(job.optim.patch, card.tiling.tile)
    material = gather(job, legend, numbered_folder(places.work), reporter, margin)
    _check_split(model, json.loads(split_json(job, material)))
    mapper = Mapper.open(checked_weights(model, card.weights.sha256), card)
    tested = assess(mapper, material, reporter)
    rows = [r for on, c in tested for r in accuracy_rows(c, card.legend.names, f"{on}, {c.total} px")]
    facts = training_facts(job.card, job.data, material, card.inputs.all_bands)
    card = replace(card, accuracy=tuple(rows), training=replace(facts, recipe=card.training.recipe))
    save_card(card, model)
    return add_forests(job, places.work) if name in BESIDE_FORESTS else card


def _check_split(model: Path, split: dict[str, Any]) -> None:
    """Raises BadInput where a parcel that is held out today was not when the model was trained."""
    shipped = json.loads((model / SPLIT_FILE).read_text(encoding="utf-8"))
    for number, (before, now) in enumerate(zip(shipped["places"], split["places"], strict=True), 1):
        strangers = {tuple(row) for row in now["held_out"]} - {tuple(row) for row in before["held_out"]}
        if strangers:
            raise BadInput(
                f"The parcels of place {number} that {model.name} is to be scored on are not those that its training "
                f"held out ({len(strangers)} of {len(now['held_out'])}): train it again."
            )
