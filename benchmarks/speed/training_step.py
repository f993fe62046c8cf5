"""One network's training steps on random input: what training.py measures one by one, each in such a process.

`python -m benchmarks.speed.training_step JSON` prints what was found, as JSON.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.execution.run_record import peak_memory_mib
from crop_classifier_plugin.engine.networks.base import Network, parameter_count
from crop_classifier_plugin.engine.networks.registry import (
    build,
    configure,
    entry,
    example,
)
from crop_classifier_plugin.engine.training.data.patches import TARGET
from crop_classifier_plugin.engine.training.loop.accelerator import choose_accelerator
from crop_classifier_plugin.engine.training.loop.module import TaskModule
from crop_classifier_plugin.engine.training.loop.trainer import run_task
from crop_classifier_plugin.engine.training.model_folder.card_builder import round_up
from crop_classifier_plugin.engine.training.optim.recipes import resolve_recipe
from crop_classifier_plugin.engine.training.supervised.task import SegmentationTask
from crop_classifier_plugin.engine.training.tsstfn.task import FusionTask
from crop_classifier_plugin.engine.training.tsstfn.task import recipe_of as fusion_recipe
from crop_classifier_plugin.shared.jobs.train import HardwareSpec, OptimSpec, TrainJob
from crop_classifier_plugin.shared.jobs.tsstfn import FusionOptim, TrainTsstfnJob

LONGEST = 120  # s a step on the processor, of each thread's own time
PATIENCE = 300  # s a step on the processor by the clock, where others use it too


@dataclass(frozen=True)
class Case:
    """What is measured: a network as the train job trains it."""

    title: str
    network: str
    settings: tuple[tuple[str, str], ...] = ()  # over those of the preset
    loss: str = "auto"


class Watch(Silent):
    """Notes when steps end. `limited`: ends the process, by a signal, when one takes too long.

    The loop tells its progress at the end of each step; the first check is at the start of the first one.
    """

    def __init__(self, limited: bool) -> None:
        self._limited, self._checked = limited, False
        self.marks: list[tuple[float, float]] = []  # seconds by the clock, and of the processor
        self.warnings: list[str] = []

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        self._mark()

    def check(self) -> None:
        if not self._checked:
            self._checked = True
            self._mark()

    def log(self, text: str, level: str = "info") -> None:
        if level == "warning":
            self.warnings.append(text)

    def _mark(self) -> None:
        if self._limited:
            limit_time(LONGEST * torch.get_num_threads(), PATIENCE)
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.synchronize()
        self.marks.append((time.perf_counter(), time.process_time()))

    def steps(self) -> Iterator[tuple[float, float]]:
        """Seconds of each step by the clock, and of the processor. With several, the first one warms up."""
        pairs = list(zip(self.marks, self.marks[1:]))
        for (began, busy), (ended, done) in pairs[1:] or pairs:
            yield ended - began, done - busy


def measure(case: Case, preset: str, device: str, precision: str, steps: int) -> dict[str, Any]:
    """Seconds of each step, memory and sizes; `steps` more than one are measured after a further one."""
    watch = Watch(limited=device == "cpu")
    before = peak_memory_mib()
    count = steps + 1 if steps > 1 else 1
    teach = _teach_tsstfn if case.network == "tsstfn" else _teach
    found = teach(case, preset, (device, precision), count, watch)
    limit_time(0, 0)
    cuda = device == "cuda"
    memory = torch.cuda.max_memory_allocated() / 2**20 if cuda else peak_memory_mib()
    facts = {"steps": list(watch.steps()), "memory": memory, "before": before, "warnings": watch.warnings}
    return found | facts | {"threads": torch.get_num_threads(), "gpu": torch.cuda.get_device_name() if cuda else ""}


def limit_memory(limit: int) -> None:
    """Allocations beyond `limit` bytes fail from here on."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def limit_time(busy: int, waited: int) -> None:
    """Ends the process after so many seconds of the processor (SIGPROF), or by the clock (SIGALRM); 0 = never."""
    signal.setitimer(signal.ITIMER_PROF, busy)
    signal.alarm(waited)


def _sizes(network: Network, batch: int, side: int) -> dict[str, Any]:
    config = network.config
    shape = [config.dates, config.bands, side, side]
    return {"parameters": parameter_count(network), "batch": batch, "shape": shape}


# --- networks trained on labels --------------------------------------------------------------------------------------


class _Patches(Dataset[dict[str, Tensor]]):
    """The items of one random batch, over and over: z-scores, days of a year, every date usable, every pixel labelled.

    `epoch` is set by the loop, as it is of patches of a series.
    """

    epoch = 0

    def __init__(self, network: Network, length: int, batch: int, side: int) -> None:
        config = network.config
        values = example(network, _random, batch, config.dates, side, side)
        self._batch = dict(zip(network.inputs, values)) | {
            TARGET: torch.randint(0, config.classes, (batch, side, side)),
        }
        self._length, self._size = length, batch

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: values[index % self._size] for name, values in self._batch.items()}


def _random(name: str, shape: tuple[int, ...]) -> Tensor:
    if name == "doy":
        return torch.randint(0, 366, shape).sort(dim=1).values
    return torch.ones(shape) if name.startswith("valid") else torch.randn(shape)


def _teach(case: Case, preset: str, on: tuple[str, str], count: int, watch: Watch) -> dict[str, Any]:
    """As training/supervised/job.py does it: the paper's loss and optimiser, in batches of eight patches of 64 px."""
    sample = entry(case.network).sample
    hardware, seed = HardwareSpec(on[0], precision=on[1]), TrainJob.seed
    optim = OptimSpec("paper", case.loss, epochs=1, batch=8, patch=64)
    settings = {"preset": preset, **dict(case.settings)}
    config = configure(case.network, settings, sample.bands, sample.dates, sample.classes)
    recipe = resolve_recipe(case.network, optim)
    side = round_up(recipe.patch, config.multiple)
    torch.manual_seed(seed)
    network = build(case.network, config)
    task = SegmentationTask(network, torch.full((sample.classes,), 1 / sample.classes), recipe)
    patches = _Patches(network, count * recipe.batch, recipe.batch, side)
    run_task(TaskModule(task, seed, watch), patches, None, choose_accelerator(hardware, recipe.optimizer))
    return _sizes(network, recipe.batch, side) | {"optimizer": recipe.optimizer, "loss": recipe.loss}


# --- TSSTFN ----------------------------------------------------------------------------------------------------------


class _Tiles(Dataset[dict[str, Tensor]]):
    epoch = 0

    def __init__(self, network: Network, length: int, side: int) -> None:
        config = network.config
        self._item = {"x": torch.randn(config.dates, config.bands, side, side), TARGET: torch.rand(side, side)}
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self._item


def _teach_tsstfn(case: Case, preset: str, on: tuple[str, str], count: int, watch: Watch) -> dict[str, Any]:
    """As training/tsstfn/job.py does it: the smallest tile of 64 px or more of whole rows for its chunks."""
    sample = entry("tsstfn").sample
    config = configure("tsstfn", {"preset": preset}, sample.bands, sample.dates, sample.classes)
    side = sample.side if preset == "paper" else 64
    hardware, seed = HardwareSpec(on[0], precision=on[1]), TrainTsstfnJob.seed
    torch.manual_seed(seed)
    network, recipe = build("tsstfn", config), fusion_recipe(FusionOptim(epochs=1))
    module = TaskModule(FusionTask(network, recipe), seed, watch)
    shown, checked = _Tiles(network, count * recipe.batch, side), _Tiles(network, 1, side)
    run_task(module, shown, checked, choose_accelerator(hardware, recipe.optimizer))
    return _sizes(network, recipe.batch, side) | {"optimizer": recipe.optimizer, "loss": recipe.loss}


# --- as a process ----------------------------------------------------------------------------------------------------


def main() -> None:
    asked = json.loads(sys.argv[1])
    if limit := asked.pop("limit"):
        limit_memory(limit)
    case = asked.pop("case")
    settings = tuple((name, value) for name, value in case.pop("settings"))
    print(json.dumps(measure(Case(**case, settings=settings), **asked)))


if __name__ == "__main__":
    main()
