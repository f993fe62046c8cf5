"""What the model that a training starts from had learnt from: no parcel of it may be tested on."""

from __future__ import annotations

from pathlib import Path

from ...execution.reporter import Reporter
from ...splits.parcel_overlap import UNKNOWN, WeightsProvenance
from ...splits.split_file import SPLIT_FILE, SplitUnusable, read_split
from .encoder_folder import read_facts
from .initial_weights import read_initial_weights


def read_provenance(folder: str, reporter: Reporter) -> WeightsProvenance:
    """What is not known of it is said in a warning. Raises BadModel for a folder that holds nothing to start from."""
    start = read_initial_weights(folder)
    name = start.folder.resolve().name
    if start.card is None:
        return WeightsProvenance(
            name, f"started from the encoder {name}, learnt without labels on {read_facts(folder).trained_on}"
        )
    training = start.card.training
    past = f"started from {name}" + (f", trained on {training.training_data}" if training.training_data else "")
    try:
        found = read_split(Path(folder) / SPLIT_FILE, training.simulated)
    except SplitUnusable as error:
        reporter.log(f"The {SPLIT_FILE} of {name} {error}: {UNKNOWN}.", "warning")
        return WeightsProvenance(name, past, (), False)
    if not found.whole:
        reporter.log(f"{name} started from a model of unknown parcels: {UNKNOWN}.", "warning")
    if any(ground.crs is None for ground in found.grounds):
        reporter.log(f"The {SPLIT_FILE} of {name} names no CRS: its parcels are taken to be in that of the series.")
    return WeightsProvenance(name, past, found.grounds, found.whole)
