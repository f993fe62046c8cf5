"""What of training is measured: each network in a process of its own, by preset, device and precision."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.lib.machine import GIB, machine, memory
from benchmarks.lib.places import ROOT
from benchmarks.speed.training_step import LONGEST, PATIENCE, Case

MOST_GIB = 20
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
TOO_LONG: dict[int, str] = {
    signal.SIGPROF: f"a step takes more than {LONGEST} processor seconds",
    signal.SIGALRM: f"a step took more than {PATIENCE} s by the clock",
}
CPU, GPU_32, GPU_16 = ("cpu", "32"), ("cuda", "32"), ("cuda", "bf16-mixed")
Result = dict[str, Any]  # of a run, or {"lacks": why there is none}; {} where it was not asked for
Kept = dict[str, Result]  # by the run's key


@dataclass(frozen=True)
class Run:
    case: Case
    preset: str  # small or paper
    device: str
    precision: str

    @property
    def key(self) -> str:
        return f"{self.case.title} / {self.preset} / {self.device} / {self.precision}"


def devices(wanted: str) -> list[tuple[str, str]]:
    """The devices and precisions to measure on; `wanted`: auto, cpu or cuda."""
    import torch

    cuda = torch.cuda.is_available()
    if wanted == "cuda" and not cuda:
        raise SystemExit("PyTorch finds no CUDA device: use --device cpu.")
    return [*([CPU] if wanted != "cuda" else []), *([GPU_32, GPU_16] if cuda and wanted != "cpu" else [])]


def runs(presets: Iterable[str], on: Sequence[tuple[str, str]], cases: Sequence[Case] = CASES) -> list[Run]:
    """TSSTFN trains in 32 bits only."""
    every = [Run(case, preset, *each) for preset in presets for case in cases for each in on]
    return [run for run in every if run.case.network != "tsstfn" or run.precision == "32"]


def measure_all(wanted: Iterable[Run], steps: int, kept: Kept, cache: Path | None = None, note: str = "") -> None:
    """Does the runs that `kept` lacks, and keeps them; `note`: what else the machine did meanwhile."""
    for run in wanted:
        if run.key not in kept:
            kept[run.key] = in_own_process(run, steps) | {"machine": machine(), "note": note}
            if cache:
                cache.parent.mkdir(parents=True, exist_ok=True)
                cache.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def in_own_process(run: Run, steps: int) -> Result:
    """What the run found, or why it ended without: {"lacks": reason}."""
    cpu = run.device == "cpu"
    spare = min(MOST_GIB * GIB, memory("MemAvailable") - GIB)  # for whoever else works here
    asked = dataclasses.asdict(run) | {
        "steps": 1 if cpu and run.preset == "paper" else steps,
        "limit": spare if cpu else 0,
    }
    words = (sys.executable, "-m", "benchmarks.speed.training_step", json.dumps(asked))
    variables = os.environ | ({"OMP_NUM_THREADS": "1"} if cpu else {})
    done = subprocess.run(words, cwd=ROOT, env=variables, capture_output=True, text=True)
    if done.returncode == 0:
        return dict(json.loads(done.stdout))
    if -done.returncode in TOO_LONG:
        return {"lacks": TOO_LONG[-done.returncode]}
    if any(word in done.stderr for word in ("allocate memory", "bad_alloc", "MemoryError")):
        return {"lacks": f"a step takes more than {spare / GIB:.0f} GiB"}
    raise SystemExit(f"{run.key} failed:\n{done.stderr}")
