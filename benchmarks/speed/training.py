"""How fast the networks learn: `python -m benchmarks.speed.training [--device cuda]`.

Real training steps on random input, each network in a process of its own: on the processor, and where PyTorch finds a
graphics card, on that, in two precisions. What was measured is kept in --cache, by device, so that an interrupted run
goes on where it stopped and the page holds figures of two machines; remove the file to measure anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.lib.places import CACHE
from benchmarks.lib.results import write
from benchmarks.speed.training_runs import (
    CASES,
    CPU,
    GPU_16,
    GPU_32,
    MOST_GIB,
    Kept,
    Result,
    Run,
    devices,
    measure_all,
    runs,
)
from benchmarks.speed.training_step import LONGEST, Case
from crop_classifier_plugin.engine.experiments.results import Cell, Column, Heading, Part, Results, Table, Text

STEPS, PRESETS = 5, ("small", "paper")
ABOUT = (
    "On random input: a step is the train job's own (loss, optimiser and moving average of the weights; SAM evaluates "
    "the network twice), with the job's batch of 8 patches of 64 px (TSSTFN: 16 tiles of 64 px, as its paper has it "
    "192 px), and as many dates, bands and classes as the network's paper has. Patches/s: by the median of {steps} "
    "steps after a first one. Memory: the most of the run, in MiB; on the processor of the whole process, on a "
    "graphics card what PyTorch allocated there."
)
ON_CPU = (
    "A processor second is one of the process's own: waiting for others is not in it, though they slow it a little by "
    "the caches and the memory that all share. It tells more of the network than a second by the clock. Of the presets "
    f"`paper` one step is measured, the first, where it fits into {MOST_GIB} GiB and {LONGEST} processor seconds. "
    "Of the memory {before:.0f} MiB are Python and PyTorch."
)
NO_GPU = (
    "Graphics card: none was at hand (PyTorch finds no CUDA device), so its columns are empty. On a machine with one, "
    "`python -m benchmarks.speed.training --device cuda` fills them."
)
COLUMNS = (
    Column("network"),
    Column("parameters", "{:,}"),
    Column("dates x bands, px"),
    Column("optimiser"),
    Column("CPU: patches/s", "{:.3g}"),
    Column("patches a processor second", "{:.3g}"),
    Column("memory", "{:,.0f}"),
    Column("GPU, 32: patches/s", "{:.3g}"),
    Column("memory", "{:,.0f}"),
    Column("GPU, bf16-mixed: patches/s", "{:.3g}"),
    Column("memory", "{:,.0f}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: all that there are")
    parser.add_argument("--cache", type=Path, default=CACHE / "training.json")
    parser.add_argument("--only", choices=PRESETS, help="one of the presets")
    parser.add_argument("--note", default="", help="what else the machine did meanwhile, for the page")
    parser.add_argument("--now", action="store_true", help="do nothing but the page, of what there is")
    given = parser.parse_args()
    kept: Kept = json.loads(given.cache.read_text(encoding="utf-8")) if given.cache.exists() else {}
    if not given.now:
        presets = (given.only,) if given.only else PRESETS
        measure_all(runs(presets, devices(given.device)), STEPS, kept, given.cache, given.note)
    write("training", results(kept), ("torch", "lightning"))


def results(kept: Kept) -> Results:
    parts: list[Part] = [Text(ABOUT), *about_cpu(kept), about_gpu(kept)]
    for preset in PRESETS:
        parts += [Heading(f"`{preset}` presets"), table(preset, kept)]
    done = [result["before"] for name, result in kept.items() if "/ cpu /" in name and "before" in result]
    facts = {"steps": STEPS, "before": statistics.median(done) if done else 0}
    return Results("How fast the networks learn", "benchmarks/speed/training.py", tuple(parts), facts)


def about_cpu(kept: Kept) -> Iterator[Text]:
    here = [result for name, result in kept.items() if "/ cpu /" in name]
    done = [result for result in here if "steps" in result]
    if not done:
        yield Text("The processor was not measured.")
        return
    threads = sorted({str(result["threads"]) for result in done})
    notes = sorted({result["note"] for result in here if result["note"]})
    machines = "; ".join(sorted({result["machine"] for result in here}))
    shared = "".join(f" The machine was shared: {note}." for note in notes)
    yield Text(f"Processor: {machines}; {' or '.join(threads)} thread(s).{shared} {ON_CPU}")


def about_gpu(kept: Kept) -> Text:
    names = sorted({result["gpu"] for result in kept.values() if result.get("gpu")})
    return Text(f"Graphics card: {', '.join(names)}. TSSTFN trains in 32 bits only." if names else NO_GPU)


def table(preset: str, kept: Kept, cases: Iterable[Case] = CASES) -> Table:
    return Table(f"{preset} presets", COLUMNS, tuple(row(case, preset, kept) for case in cases))


def row(case: Case, preset: str, kept: Kept) -> tuple[Cell, ...]:
    cpu, *gpus = (kept.get(Run(case, preset, *on).key, {}) for on in (CPU, GPU_32, GPU_16))
    known = next((found for found in (cpu, *gpus) if "steps" in found), None)
    sizes: tuple[Cell, ...] = (None, None, None)
    if known:
        dates, bands, side, _ = known["shape"]
        sizes = known["parameters"], f"{dates} x {bands}, {side}", known["optimizer"]
    figures = figure(cpu, "speed"), figure(cpu, "busy"), figure(cpu, "memory")
    return (case.title, *sizes, *figures, *(figure(gpu, what) for gpu in gpus for what in ("speed", "memory")))


def figure(result: Result, what: str) -> Cell:
    """A figure of a run; why there is none in the place of the first one."""
    if "lacks" in result:
        return f"not measured: {result['lacks']}" if what == "speed" else None
    if not result:
        return None
    if what == "memory":
        used = float(result["memory"])
        return f"{used:,.0f} (batch in parts)" if result["warnings"] else used
    return float(result["batch"] / statistics.median(step[what == "busy"] for step in result["steps"]))


if __name__ == "__main__":
    main()
