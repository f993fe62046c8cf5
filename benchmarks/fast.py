"""A look at everything in a few minutes: `python -m benchmarks.fast` (`make bench-fast`).

Small sizes of every benchmark of speed, and the one of accuracy that takes seconds: to see what a change costs, beside
the figures of the last look. The figures of the whole benchmarks are in pages of their own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy import gap_filling
from benchmarks.lib.machine import load
from benchmarks.lib.measure import spent
from benchmarks.lib.places import DATA
from benchmarks.lib.results import write
from benchmarks.speed import classify, fuse_starfm, fuse_tsstfn, phenology, simulator
from crop_classifier_plugin.engine.experiments.results import Cell, Column, Heading, Part, Results, Table, Text

ABOUT = (
    "Small sizes of the benchmarks of speed, and the accuracy of gap filling. Compare processor seconds: those by the "
    "clock tell of the machine's other work too (load {load_before} before, {load_after} after, on as many cores as "
    "the line above says). All of it took {minutes:.1f} minutes by the clock and {busy:.1f} of the processor."
)
LEARNERS = ("unet", "lrtacf_net", "attention_3dcnn", "vunet_convlstm", "cropsts")
SECONDS = 10  # of a training by its recipe
ON_CPU = 7  # columns of the table of training that a processor fills


def main() -> None:
    before, began = load(), spent()
    parts: list[Part] = []
    costs: list[tuple[Cell, ...]] = []
    for title, measure in STEPS.items():
        started = spent()
        parts += [Heading(title), *measure()]
        costs.append((title, *(later - sooner for later, sooner in zip(spent(), started, strict=True))))
    seconds, busy = (later - sooner for later, sooner in zip(spent(), began, strict=True))
    facts: dict[str, str | float] = {
        "load_before": before,
        "load_after": load(),
        "minutes": seconds / 60,
        "busy": busy / 60,
    }
    columns = Column("benchmark"), Column("seconds", "{:.0f}"), Column("processor seconds", "{:.0f}")
    parts = [Text(ABOUT), Table("cost", columns, tuple(costs)), *parts]
    results = Results("A fast look", "benchmarks/fast.py", tuple(parts), facts)
    write("fast", results, ("torch", "onnxruntime", "rasterio"))


def learning() -> list[Part]:
    """Two training steps of some networks."""
    from benchmarks.speed import training, training_runs  # not above: processes that are measured would load PyTorch

    cases = [case for case in training_runs.CASES if case.network in LEARNERS]
    kept: training_runs.Kept = {}
    training_runs.measure_all(training_runs.runs(("small",), [training_runs.CPU], cases), 2, kept)
    whole = training.table("small", kept, cases)
    of_cpu = Table(whole.name, whole.columns[:ON_CPU], tuple(row[:ON_CPU] for row in whole.rows))
    return [Text("Patches a second, by the median of two steps after a first one."), of_cpu]


def recipe() -> list[Part]:
    """The quickest network by its default recipe."""
    from crop_classifier_plugin.engine.experiments.recipes import study, tables  # load PyTorch, as above

    run = study.Run(study.DEMO, "unet_plusplus", "default", SECONDS / 60)
    with tempfile.TemporaryDirectory() as place:
        found = {run: study.outcome(run, Path(place))}
    told = f"Trained on the demo's season for {SECONDS} seconds of the processor: far from what minutes give."
    return [Text(told), *(p for p in tables.results(found, [run], "").parts if isinstance(p, Table))]


def filling() -> list[Part]:
    if not gap_filling.available(DATA):
        return [Text("Left out: the series is not among the data.")]
    return [part for part in gap_filling.found(DATA).parts if isinstance(part, Table)]


STEPS: dict[str, Callable[[], list[Part]]] = {  # what is told of the peak of another process goes first
    "Fusion by STARFM": lambda: [fuse_starfm.memory([(768, 768, 61)])],
    "Fusion by TSSTFN": lambda: [fuse_tsstfn.memory([(512, 384)])],
    "Classifying": lambda: [classify.classification([1000], classify.MODEL)],
    "Phenology": lambda: [phenology.memory([1000])],
    "Simulating": lambda: [simulator.simulation([512, 1024])],
    "Training": learning,
    "A recipe": recipe,
    "STARFM beside loops": lambda: [part for part in fuse_starfm.speed(repeats=3) if not isinstance(part, Heading)],
    "Filling gaps": filling,
}


if __name__ == "__main__":
    main()
