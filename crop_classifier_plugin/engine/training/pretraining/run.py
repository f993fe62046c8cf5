"""What a pre-training leaves after each epoch, and whose its state is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import shapely

from ....shared.cards.files import sha256_of
from ....shared.cards.parts import Statistics
from ....shared.jobs.pretrain import PretrainJob
from ...execution.outputs import Outputs
from ...networks.cropsts import CropStsConfig
from ..loop.epochs import history_csv
from ..loop.module import TaskModule
from ..model_folder.encoder_folder import ENCODER_FILE, FACTS_FILE, EncoderFacts, save_encoder
from .recipe import DinoRecipe
from .sequences import Sequences
from .task import TERMS, DinoTask

HISTORY_FILE = "pretraining.csv"


def identity_of(
    job: PretrainJob, config: CropStsConfig, recipe: DinoRecipe, stats: Statistics, sequences: Sequences
) -> dict[str, Any]:
    """What decides how an epoch goes, but for the device. Files count by what is in them: QGIS may hand on copies."""
    plots = [place.plots for place in sequences.places]
    return {
        "network": "the encoder of CropSTS",
        "seed": job.seed,
        **recipe.facts(),
        "bands": job.bands,
        **{f"setting {name}": value for name, value in config.settings().items()},
        "teacher": sha256_of(job.alignment.teacher)[:12] if job.alignment.teacher else "none",
        "weight of the alignment": job.alignment.weight if job.alignment.teacher else 0.0,
        "dates": [[str(day) for day in place.dates] for place in sequences.places],
        "tiles": [len(sequences), sequences.tile],
        "parcels": [len(layer) for layer in plots],
        "area of the parcels": [round(float(shapely.area(layer.shapes).sum())) for layer in plots],
        "means of the bands": list(stats.mean),
        "deviations of the bands": list(stats.std),
    }


@dataclass(frozen=True)
class EncoderWriter:
    """Writes the encoder, its facts, the table of the epochs and the run record to `folder`: all of them or none."""

    folder: Path
    facts: EncoderFacts
    record: Callable[[Outputs], None]  # writes the run record into a set of files

    def __call__(self, module: TaskModule) -> None:
        task, history = cast(DinoTask, module.task), module.history
        learning = {**self.facts.learning, "epochs_done": len(history), "loss": history[-1].loss}
        with Outputs() as outputs:
            for name in (ENCODER_FILE, FACTS_FILE, HISTORY_FILE):  # those of the epoch before are its own
                outputs.path(self.folder / name, named=True)
            save_encoder(task.teacher.encoder, replace(self.facts, learning=learning), self.folder, outputs)
            table = history_csv(history, [term.name for term in TERMS])
            outputs.write_text(self.folder / HISTORY_FILE, table)
            self.record(outputs)
