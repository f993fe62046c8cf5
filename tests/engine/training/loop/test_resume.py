"""Laws of the training loop: what was broken off goes on bit for bit, the best is kept, memory and numbers run out."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.checkpoint import STATE_FILE, CheckpointStore
from crop_classifier_plugin.shared.errors import (
    Cancelled,
    CheckpointUnusable,
)
from kits.paths import REPOSITORY
from kits.training.loop import RECIPE, lesson_of, run

torch.set_num_threads(1)
KIT = REPOSITORY / "tests" / "kits" / "training" / "loop.py"


class CancelledAfter(Silent):
    """Cancelled at the first step after so many epochs."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def log(self, text, level="info"):
        super().log(text, level)
        if text.startswith(f"Epoch {self.epochs} "):
            self.stop.set()


def same(a, b):
    """Bit for bit: weights, their average, what is kept, and the history but for the seconds."""
    plain = [[(h.epoch, h.loss, h.learning_rate, h.metrics) for h in lesson.history] for lesson in (a, b)]
    assert str(plain[0]) == str(plain[1])
    states = [{**x.state_dict(), **{f"best.{k}": v for k, v in x.best.weights.items()}} for x in (a, b)]
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
    assert a.best.epoch == b.best.epoch


# --- broken off and taken up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sam", "adamw", "adam"])
@pytest.mark.parametrize("checks", [True, False])
def test_a_training_broken_off_goes_on_bit_for_bit(tmp_path, optimizer, checks):
    recipe = replace(RECIPE, optimizer=optimizer)
    whole = run(lesson_of(recipe), checks=checks)
    for stop in (2, 4):  # broken off twice
        with pytest.raises(Cancelled):
            run(lesson_of(recipe, CancelledAfter(stop)), tmp_path, checks=checks)
    reporter = Silent()
    parted = run(lesson_of(recipe, reporter), tmp_path, checks=checks)
    same(whole, parted)
    assert any("broken off after 4 of 6 epochs" in text for _, text in reporter.lines)
    assert sum(text.startswith("Epoch ") for _, text in reporter.lines) == 2


def test_a_killed_training_goes_on_bit_for_bit(tmp_path):
    command = [sys.executable, str(KIT), str(tmp_path / "s"), "sam"]
    program = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    ready = time.monotonic() + 120
    while not (tmp_path / "s" / STATE_FILE).exists() and time.monotonic() < ready:
        assert program.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)  # somewhere in the next epoch
    program.send_signal(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    reporter = Silent()
    parted = run(lesson_of(RECIPE, reporter), tmp_path / "s")
    assert any("broken off" in text for _, text in reporter.lines)
    same(run(lesson_of()), parted)


def test_a_cancelled_training_is_finished_without_learning_on(tmp_path):
    with pytest.raises(Cancelled):
        run(lesson_of(reporter=CancelledAfter(3)), tmp_path)
    finished = run(lesson_of(), tmp_path, resume="finish")
    assert len(finished.history) == 3
    best = max(finished.history, key=lambda log: (log.value("validation_mean_f1"), -log.epoch))
    assert finished.best.epoch == best.epoch
    finished.finish()
    weights = finished.task.network.state_dict()
    assert all(torch.equal(v, finished.best.weights[k]) for k, v in weights.items())


def test_a_whole_training_whose_export_failed_learns_nothing_more(tmp_path):
    whole = run(lesson_of(), tmp_path)
    same(whole, run(lesson_of(), tmp_path))


def test_restart_forgets_the_earlier_training(tmp_path):
    with pytest.raises(Cancelled):
        run(lesson_of(reporter=CancelledAfter(3)), tmp_path)
    reporter = Silent()
    run(lesson_of(reporter=reporter), tmp_path, resume="restart", identity={"of": "another"})
    assert not any("broken off" in text for _, text in reporter.lines)


def test_nothing_to_finish_is_one_sentence(tmp_path):
    with pytest.raises(Exception, match=r"no earlier training to finish.*[.]$"):
        run(lesson_of(), tmp_path, resume="finish").finish()


class Evil:
    ran: ClassVar[list[int]] = []

    def __reduce__(self):
        return Evil.ran.append, (1,)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a file of torch", pickle.dumps(Evil()), None],
    ids=["empty", "text", "pickle", "other tensors"],
)
def test_a_state_that_is_none_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / STATE_FILE
    if content is None:
        torch.save({"weight": torch.ones(3)}, path)
        content = path.read_bytes()
    path.write_bytes(content)
    with pytest.raises(CheckpointUnusable, match=r"state.ckpt cannot be taken up .*restart.*[.]$"):
        run(lesson_of(), tmp_path)
    assert path.read_bytes() == content
    assert not Evil.ran


def test_the_state_of_another_training_is_refused_by_what_differs(tmp_path):
    run(lesson_of(), tmp_path, identity={"seed": 1, "bands": ("B02", "B03")})
    with pytest.raises(CheckpointUnusable, match="seed is 1 there, 2 now"):
        run(lesson_of(), tmp_path, identity={"seed": 2, "bands": ("B02", "B03")})
    with pytest.raises(CheckpointUnusable, match="does not fit the network"):
        run(lesson_of(widths="4,4"), tmp_path, identity={"seed": 1, "bands": ("B02", "B03")})


def test_a_state_that_cannot_be_written_does_not_end_the_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    reporter = Silent()
    lesson = run(lesson_of(reporter=reporter), tmp_path / "file")
    assert len(lesson.history) == 6
    assert sum("could not be taken up" in text for level, text in reporter.lines if level == "warning") == 1


def test_a_state_is_replaced_whole_or_not_at_all(tmp_path):
    remains = CheckpointStore(tmp_path, {})
    remains.write(lambda path: path.write_text("first"))

    def fails(path):
        path.write_text("half of the sec")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        remains.write(fails)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["first"]
    remains.remove()
    assert not tmp_path.exists()


# --- the best is kept ------------------------------------------------------------------------------------------------


def with_scores(lesson, scores):
    """The validation tells these mean F1 instead of its own."""
    queue = list(scores)

    def told():
        lesson.task.confusion.reset()
        lesson._measured |= {"validation_mean_f1": queue.pop(0)}

    lesson.on_validation_epoch_end = told
    return lesson


@pytest.mark.parametrize(
    ("scores", "patience", "ties", "epochs", "kept"),
    [
        ((0.1, 0.5, 0.4, 0.3, 0.2, 0.6), 0, False, 6, 5),
        ((0.1, 0.5, 0.4, 0.3, 0.2, 0.6), 3, False, 5, 1),
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 2, False, 3, 0),
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 2, True, 6, 5),
    ],
)
def test_it_waits_as_long_as_its_patience_and_keeps_the_best(scores, patience, ties, epochs, kept):
    lesson = run(with_scores(lesson_of(replace(RECIPE, patience=patience, ties=ties)), scores))
    assert (len(lesson.history), lesson.best.epoch) == (epochs, kept)
    assert lesson.ended


def test_without_validation_the_last_epoch_is_kept_whatever_the_patience():
    lesson = run(lesson_of(replace(RECIPE, patience=1)), checks=False)
    assert (len(lesson.history), lesson.best.epoch) == (6, 5)
    assert np.isnan(lesson.best.value)
