"""Laws of the loop that hold for each of its tasks: segmentation, self-distillation, fusion."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.checkpoint import STATE_FILE
from crop_classifier_plugin.shared.errors import Cancelled, LossNotFinite
from kits.paths import REPOSITORY
from kits.program import posix
from kits.training.loop import CPU
from kits.training.tasks import EPOCHS, TASKS, run_case

torch.set_num_threads(1)
PROGRAM = REPOSITORY / "tests" / "kits" / "training" / "tasks.py"
every_task = pytest.mark.parametrize("task", TASKS)


class StoppedAfter(Silent):
    """Cancelled at the first step after so many epochs."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def log(self, text, level="info"):
        super().log(text, level)
        if text.startswith(f"Epoch {self.epochs} "):
            self.stop.set()


def history_of(module):
    return [(log.epoch, log.loss, log.learning_rate, str(log.metrics)) for log in module.history]


def same(a, b):
    """Bit for bit: what is learnt, what is left, and the history but for the seconds."""
    assert history_of(a) == history_of(b)
    assert a.best.epoch == b.best.epoch
    for one, other in ((a.state_dict(), b.state_dict()), (a.best.weights, b.best.weights)):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert torch.equal(value, other[name]), name


def command(task, folder, *others):
    own = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "WORLD_SIZE")}
    own |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return {"args": [sys.executable, str(PROGRAM), task, str(folder), *others], "env": own, "text": True}


# --- broken off and taken up -----------------------------------------------------------------------------------------


@every_task
def test_what_was_cancelled_goes_on_bit_for_bit(tmp_path, task):
    whole = run_case(TASKS[task](False, Silent()))
    for stop in (1, 2):
        with pytest.raises(Cancelled):
            run_case(TASKS[task](False, StoppedAfter(stop)), tmp_path)
    reporter = Silent()
    parted = run_case(TASKS[task](False, reporter), tmp_path)
    same(whole, parted)
    assert any(f"broken off after 2 of {EPOCHS} epochs" in text for _, text in reporter.lines)
    assert sum(text.startswith("Epoch ") for _, text in reporter.lines) == 1


@posix
@every_task
def test_what_was_killed_goes_on_bit_for_bit(tmp_path, task):
    with subprocess.Popen(**command(task, tmp_path / "s", "1", "0.05"), stdout=subprocess.PIPE) as program:
        for line in program.stdout:
            if "Epoch 1 of" in line:
                time.sleep(0.1)  # somewhere in the next epoch
                program.send_signal(signal.SIGKILL)
                break
    assert program.returncode == -signal.SIGKILL
    reporter = Silent()
    parted = run_case(TASKS[task](False, reporter), tmp_path / "s")
    assert any("broken off" in text for _, text in reporter.lines)
    same(run_case(TASKS[task](False, Silent())), parted)


@every_task
def test_what_was_cancelled_can_be_finished_as_it_is(tmp_path, task):
    with pytest.raises(Cancelled):
        run_case(TASKS[task](False, StoppedAfter(2)), tmp_path)
    finished = run_case(TASKS[task](False, Silent()), tmp_path, resume="finish")
    finished.finish()
    assert len(finished.history) == 2
    for name, value in finished.task.weights().items():
        assert name in finished.best.weights
        if task != "segmentation":  # there the weights are those of the average, and restored into the network
            assert torch.equal(value, finished.best.weights[name]), name


@every_task
def test_each_epoch_is_published_and_kept_before_it_is_told(tmp_path, task):
    published, told = [], []

    class Reader(Silent):
        def log(self, text, level="info"):
            if text.startswith("Epoch "):
                state = torch.load(tmp_path / STATE_FILE, weights_only=True)
                told.append((len(published), len(state["loop"]["history"])))

    run_case(TASKS[task](False, Reader()), tmp_path, publish=lambda module: published.append(len(module.history)))
    assert published == list(range(1, EPOCHS + 1))
    assert told == [(n, n) for n in published]


# --- devices, precision, memory --------------------------------------------------------------------------------------


@every_task
def test_two_processes_learn_what_one_does(tmp_path, task):
    states = []
    for devices in ("1", "2"):
        done = subprocess.run(
            **command(task, tmp_path / devices, devices), check=True, capture_output=True, timeout=240
        )
        states.append(torch.load(tmp_path / devices / STATE_FILE, weights_only=True)["loop"])
    assert f"1: Epoch {EPOCHS}" in done.stdout, "there was no second process"
    alone, shared = states
    for a, b in zip(alone["history"], shared["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-3)
        assert a["metrics"] == pytest.approx(b["metrics"], rel=1e-3)
    for name, weights in alone["best"]["weights"].items():
        torch.testing.assert_close(weights, shared["best"]["weights"][name], rtol=1e-2, atol=1e-4)


@every_task
def test_bfloat16_learns_too(task):
    cases = [TASKS[task](False, Silent(), learning_rate=1e-3) for _ in range(2)]
    module = run_case(cases[0], accelerator=replace(CPU, precision="bf16-mixed"))
    plain = run_case(cases[1])
    assert [log.loss for log in module.history] != [log.loss for log in plain.history]
    assert module.history[0].loss == pytest.approx(plain.history[0].loss, rel=0.1)
    assert all(v.dtype != torch.bfloat16 and v.isfinite().all() for v in module.best.weights.values())


@every_task
def test_short_memory_parts_the_batch_says_so_and_learns_the_same(task):
    whole = run_case(TASKS[task](True, Silent()))
    reporter = Silent()
    case = TASKS[task](True, reporter)
    losses = case.module.task.losses

    def scarce(part):
        if len(next(iter(part.values()))) > 1:
            raise torch.OutOfMemoryError
        return losses(part)

    case.module.task.losses = scarce
    module = run_case(case)
    assert any(level == "warning" and "ran out of memory" in text for level, text in reporter.lines)
    for a, b in zip(whole.history, module.history, strict=True):
        assert a.loss == pytest.approx(b.loss, rel=1e-3)


# --- the end ---------------------------------------------------------------------------------------------------------


@every_task
def test_it_ends_when_it_gets_no_better(task):
    reporter = Silent()
    case = TASKS[task](False, reporter, patience=1)
    measured, monitor = case.module.task.measured, case.module.task.monitor
    worse = iter((-1.0, -2.0) if monitor.highest else (1.0, 2.0))
    case.module.task.measured = lambda: (found := measured()) and {**found, monitor.name: next(worse)}
    if not case.module.task.validated:  # then the loss decides
        losses, rise = case.module.task.losses, iter(range(10**6))
        case.module.task.losses = lambda part: {k: v + next(rise) for k, v in losses(part).items()}
    module = run_case(case)
    assert len(module.history) == 2
    assert module.ended
    assert module.best.epoch == (1 if module.task.keeps_last else 0)
    assert any("the training ends here" in text for _, text in reporter.lines)


@every_task
@pytest.mark.parametrize("ill", [0, 2])
def test_a_loss_that_is_no_number_ends_with_the_last_good_weights(task, ill):
    reporter = Silent()
    case = TASKS[task](False, reporter)
    losses = case.module.task.losses

    def poisoned(part):
        bad = math.nan if case.module.current_epoch >= ill else 1.0
        return {name: value * bad for name, value in losses(part).items()}

    case.module.task.losses = poisoned
    if ill == 0:
        with pytest.raises(LossNotFinite, match="lower the learning rate"):
            run_case(case)
        return
    module = run_case(case)
    assert len(module.history) == ill
    assert all(value.isfinite().all() for value in module.best.weights.values())
    assert any(level == "warning" and f"epoch {ill + 1}" in text for level, text in reporter.lines)
