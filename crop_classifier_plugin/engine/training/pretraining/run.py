"""The course of a pre-training: after each epoch the encoder is written, and the state from which a run can go on."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import shapely

from ....shared.cards.files import sha256_of
from ....shared.cards.parts import Statistics
from ....shared.errors import Cancelled, CancelledKept
from ....shared.jobs.pretrain import PretrainJob
from ...execution.outputs import Outputs
from ...execution.reporter import Reporter
from ...networks.cropsts import CropStsConfig
from ..loop.checkpoint import CheckpointStore, States, save_state
from ..model_folder.encoder_folder import EncoderFacts, save_encoder
from .sequences import Sequences
from .trainer import DinoEpochLog, DinoRecipe, DinoTrainer

HISTORY_FILE = "pretraining.csv"


def identity_of(
    job: PretrainJob, config: CropStsConfig, recipe: DinoRecipe, stats: Statistics, sequences: Sequences
) -> dict[str, Any]:
    """What decides how an epoch goes, but for the device. Files count by what is in them: QGIS may hand on copies."""
    plots = [place.plots for place in sequences.places]
    return {
        "network": "the encoder of CropSTS",
        "seed": job.seed,
        **asdict(recipe),
        "bands": job.bands,
        **{f"setting {name}": value for name, value in config.settings().items()},
        "teacher": sha256_of(job.teacher)[:12] if job.teacher else "none",
        "weight of the alignment": job.align_weight if job.teacher else 0.0,
        "dates": [[str(day) for day in place.dates] for place in sequences.places],
        "tiles": [len(sequences), sequences.tile],
        "parcels": [len(layer) for layer in plots],
        "area of the parcels": [round(float(shapely.area(layer.shapes).sum())) for layer in plots],
        "means of the bands": list(stats.mean),
        "deviations of the bands": list(stats.std),
    }


class PretrainingRun:
    """What a pre-training has learnt so far: the encoder goes to `folder`, the state to `remains`."""

    def __init__(
        self, folder: Path, distiller: DinoTrainer, facts: EncoderFacts, remains: CheckpointStore, reporter: Reporter
    ) -> None:
        self.distiller = distiller
        self.history: list[DinoEpochLog] = []
        self._folder, self._facts, self._remains, self._reporter = folder, facts, remains, reporter
        self._states, self._kept = States(remains, reporter), False

    def take_up(self) -> None:
        """Goes on from the state that an earlier run left, if one did. Raises CheckpointUnusable."""
        state = self._remains.read()
        if state is not None:
            with self._remains.fitting():
                own = state["lesson"]
                self.history = [DinoEpochLog(**log) for log in own["history"]]
                self.distiller.load(own["distiller"])
            self._kept = True
            self._write_encoder()  # what stands there may be of another epoch, or gone
            done = f"{len(self.history)} of {self.distiller.recipe.epochs} epochs"
            self._reporter.log(f"An earlier pre-training of this encoder was broken off after {done}: it goes on.")
        self._reporter.log(f"After each epoch the state is kept in {self._remains.folder}, from which a run can go on.")

    def add(self, log: DinoEpochLog) -> None:
        """Writes what is learnt so far, the encoder first: of the two it is what the user wants."""
        self.history.append(log)
        self._write_encoder()
        own = {"history": [asdict(past) for past in self.history], "distiller": self.distiller.state()}
        self._kept = self._states.write(partial(save_state, {**self._remains.signed(), "lesson": own}))
        aligned = f", alignment {log.alignment:.4f}" if self.distiller.align else ""
        self._reporter.log(f"Epoch {log.epoch + 1}: loss {log.distillation:.4f}{aligned}, {log.seconds:.0f} s")

    def cancelled(self, cancelled: Cancelled) -> Cancelled:
        """What to say of a cancelled run: what it leaves, and whether it can go on."""
        if not self.history:
            return cancelled
        state = f", and the state from which it can go on in {self._remains.folder}" if self._kept else ""
        return CancelledKept(f"the encoder after epoch {len(self.history)}", f"{self._folder}{state}")

    def _write_encoder(self) -> None:
        """All three files or none; the encoder is the teacher's, the better of the two (Caron et al. 2021)."""
        learning = {**self._facts.learning, "epochs_done": len(self.history), "loss": self.history[-1].loss}
        with Outputs() as outputs:
            save_encoder(self.distiller.teacher.encoder, replace(self._facts, learning=learning), self._folder, outputs)
            outputs.write_text(self._folder / HISTORY_FILE, _csv(self.history))


def _csv(history: Sequence[DinoEpochLog]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(DinoEpochLog)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(log) for log in history)
    return text.getvalue()
