"""How fast the networks learn: `python -m benchmarks.speed.training [--device cuda]`.

Real training steps on random input, each network in a process of its own: on the processor, and where PyTorch finds a
graphics card, on that, in two precisions. What was measured is kept in --cache, by device, so that an interrupted run
goes on where it stopped and the page holds figures of two machines; remove the file to measure anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.lib.places import CACHE, RESULTS, ROOT
from benchmarks.speed.training_step import LONGEST, PATIENCE, Case, limit_memory, measure

STEPS = 5
MOST_GIB = 20
PRESETS = ("small", "paper")
CASES = (
    Case("Model 1: U-Net", "unet", (), "tversky"),
    Case("Model 7: with LRTSA", "lrtacf_net", (("cfma_blocks", "0"),)),
    Case("Model 9: LRTACF-Net", "lrtacf_net"),
    Case("UNet++ (Model 6)", "unet_plusplus"),
    Case("Attention-3DCNN, S2 + S1", "attention_3dcnn"),
    Case("UnetConvLSTM", "unet_convlstm"),
    Case("VUnetConvLSTM", "vunet_convlstm"),
    Case("CropSTS, segmentation", "cropsts"),
    Case("ConvSTAR", "convstar"),
    Case("3-D U-Net", "unet_3d"),
    Case("TSSTFN", "tsstfn"),
)
TOO_LONG = {
    signal.SIGPROF: f"a step takes more than {LONGEST} processor seconds",
    signal.SIGALRM: f"a step took more than {PATIENCE} s by the clock",
}
CPU, GPU_32, GPU_16 = ("cpu", "32"), ("cuda", "32"), ("cuda", "bf16-mixed")
Result = dict[str, Any]
Kept = dict[str, Result]  # by the run's key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: all that there are")
    parser.add_argument("--cache", type=Path, default=CACHE / "training.json")
    parser.add_argument("--only", choices=PRESETS, help="one of the presets")
    parser.add_argument("--note", default="", help="what else the machine did meanwhile, for the page")
    parser.add_argument("--now", action="store_true", help="do nothing but the page, of what there is")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a run in this process, as JSON
    given = parser.parse_args()
    if given.one:
        one(**json.loads(given.one))
        return
    kept: Kept = json.loads(given.cache.read_text(encoding="utf-8")) if given.cache.exists() else {}
    if not given.now:
        presets = (given.only,) if given.only else PRESETS
        measure_all(presets, devices(given.device), kept, given.cache, given.note)
    page = "\n".join(report(kept))
    (RESULTS / "training.md").write_text(page, encoding="utf-8")
    print(page)


def devices(wanted: str) -> list[tuple[str, str]]:
    import torch

    cuda = torch.cuda.is_available()
    if wanted == "cuda" and not cuda:
        raise SystemExit("PyTorch finds no CUDA device: use --device cpu.")
    return [*([CPU] if wanted != "cuda" else []), *([GPU_32, GPU_16] if cuda and wanted != "cpu" else [])]


def measure_all(presets: tuple[str, ...], on: list[tuple[str, str]], kept: Kept, cache: Path, note: str) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    for preset in presets:
        for case in CASES:
            for device, precision in on:
                name = key(case, preset, device, precision)
                if name not in kept and not (case.network == "tsstfn" and precision != "32"):
                    kept[name] = in_own_process(case, preset, device, precision) | {"machine": machine(), "note": note}
                    cache.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
                    print(f"{name}: {told(kept[name], 'speed')} patches/s", file=sys.stderr, flush=True)


def key(case: Case, preset: str, device: str, precision: str) -> str:
    return f"{case.title} / {preset} / {device} / {precision}"


def machine() -> str:
    names = [line.partition(":")[2].strip() for line in _cpu_facts() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {_memory('MemTotal') / 2**30:.0f} GiB"


def _cpu_facts() -> list[str]:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()


def _memory(what: str) -> int:
    """Bytes, as Linux tells them."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


# --- one run ---------------------------------------------------------------------------------------------------------


def in_own_process(case: Case, preset: str, device: str, precision: str) -> Result:
    """What the run found, or why it ended without: {"lacks": reason}."""
    cpu = device == "cpu"
    spare = min(MOST_GIB * 2**30, _memory("MemAvailable") - 2**30)  # for whoever else works here
    asked = {
        "case": dataclasses.asdict(case),
        "preset": preset,
        "device": device,
        "precision": precision,
        "steps": 1 if cpu and preset == "paper" else STEPS,
        "limit": spare if cpu else 0,
    }
    words = (sys.executable, "-m", "benchmarks.speed.training", "--one", json.dumps(asked))
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        return dict(json.loads(done.stdout))
    if -done.returncode in TOO_LONG:
        return {"lacks": TOO_LONG[-done.returncode]}
    if any(word in done.stderr for word in ("allocate memory", "bad_alloc", "MemoryError")):
        return {"lacks": f"a step takes more than {spare / 2**30:.0f} GiB"}
    raise SystemExit(f"{case.title}, {preset}, on {device} failed:\n{done.stderr}")


def one(case: dict[str, Any], preset: str, device: str, precision: str, steps: int, limit: int) -> None:
    if limit:
        limit_memory(limit)
    pairs = tuple((name, value) for name, value in case.pop("settings"))
    print(json.dumps(measure(Case(**case, settings=pairs), preset, device, precision, steps)))


# --- the page --------------------------------------------------------------------------------------------------------

HEAD = (
    "# How fast the networks learn",
    "",
    "By `benchmarks/speed/training.py`, on random input: a step is the train job's own (loss, optimiser and moving",
    "average of the weights; SAM evaluates the network twice), with the job's batch of 8 patches of 64 px (TSSTFN: 16",
    "tiles of 64 px, as its paper has it 192 px), and as many dates, bands and classes as the network's paper has.",
    "Patches/s:",
    f"by the median of {STEPS} steps after a first one. Memory: the most of the run, in MiB; on the processor of the",
    "whole process, on a graphics card what PyTorch allocated there.",
    "",
)


def report(kept: Kept) -> list[str]:
    return [*HEAD, *about_cpu(kept), "", *about_gpu(kept), "", *(line for p in PRESETS for line in table(p, kept))]


def about_cpu(kept: Kept) -> list[str]:
    here = [result for name, result in kept.items() if "/ cpu /" in name]
    done = [result for result in here if "steps" in result]
    if not done:
        return ["The processor was not measured."]
    threads = sorted({str(result["threads"]) for result in done})
    notes = sorted({result["note"] for result in here if result["note"]})
    return [
        f"Processor: {'; '.join(sorted({result['machine'] for result in here}))}; {' or '.join(threads)} thread(s)."
        + "".join(f" The machine was shared: {note}." for note in notes),
        "A processor second is one of the process's own: waiting for others is not in it, though they slow it a little",
        "by the caches and the memory that all share. It tells more of the network than a second by the clock.",
        f"Of the presets `paper` one step is measured, the first, where it fits into {MOST_GIB} GiB and {LONGEST}",
        "processor seconds.",
        f"Of the memory {statistics.median(result['before'] for result in done):.0f} MiB are Python and PyTorch.",
    ]


def about_gpu(kept: Kept) -> list[str]:
    names = sorted({result["gpu"] for result in kept.values() if result.get("gpu")})
    if names:
        return [f"Graphics card: {', '.join(names)}. TSSTFN trains in 32 bits only."]
    return [
        "Graphics card: none was at hand (PyTorch finds no CUDA device), so its columns are empty. On a machine with",
        "one, `python -m benchmarks.speed.training --device cuda` fills them.",
    ]


def table(preset: str, kept: Kept) -> list[str]:
    head = [
        "network",
        "parameters",
        "dates x bands, px",
        "optimiser",
        "CPU: patches/s",
        "patches a processor second",
        "memory",
        "GPU, 32: patches/s",
        "memory",
        "GPU, bf16-mixed: patches/s",
        "memory",
    ]
    lines = [f"## `{preset}` presets", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row(case, preset, kept))} |" for case in CASES), ""]


def row(case: Case, preset: str, kept: Kept) -> list[str]:
    cpu, *gpus = (kept.get(key(case, preset, *on), {}) for on in (CPU, GPU_32, GPU_16))
    known = next((found for found in (cpu, *gpus) if "steps" in found), None)
    sizes = ["", "", ""]
    if known:
        dates, bands, side, _ = known["shape"]
        sizes = [f"{known['parameters']:,}", f"{dates} x {bands}, {side}", known["optimizer"]]
    figures = [told(cpu, "speed"), told(cpu, "busy"), told(cpu, "memory")]
    return [case.title, *sizes, *figures, *(told(gpu, what) for gpu in gpus for what in ("speed", "memory"))]


def told(result: Result, what: str) -> str:
    """A figure of a run; why there is none in the place of the first one."""
    if "lacks" in result:
        return f"not measured: {result['lacks']}" if what == "speed" else ""
    if not result:
        return ""
    if what == "memory":
        return f"{result['memory']:,.0f}{' (batch in parts)' if result['warnings'] else ''}"
    seconds = statistics.median(step[what == "busy"] for step in result["steps"])
    return f"{result['batch'] / seconds:.3g}"


if __name__ == "__main__":
    main()
