"""Laws of a pre-training that was cancelled or killed: it goes on from its last epoch, bit for bit."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.loop.checkpoint import folder_of
from crop_classifier_plugin.engine.training.pretraining import recipe
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from crop_classifier_plugin.shared.errors import (
    CancelledKept,
    CheckpointUnusable,
)
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.program import ENGINE, environment, posix
from kits.rasters import write_season
from kits.training.interrupted import EPOCHS, SMALL, STEPS, CancelledIn, broken_off, guided, job_of, learnt, state_of
from kits.training.pretraining import TINY, changed_pretraining, with_optim

torch.set_num_threads(1)


pytestmark = pytest.mark.usefixtures("three_epochs")


# --- broken off and taken up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guides", [False, True], ids=["alone", "with parcels and a teacher"])
def test_a_pre_training_broken_off_goes_on_bit_for_bit(land, tmp_path, guides):
    whole, parted = (job_of(land, tmp_path / name, **(guided(land) if guides else {})) for name in ("whole", "parted"))
    pretrain(whole, Silent())
    broken_off(parted, 2, 3)
    reporter = Silent()
    pretrain(parted, reporter)
    assert learnt(parted.folder) == learnt(whole.folder)
    told = [text for _, text in reporter.lines]
    assert sum(text.startswith("Epoch ") for text in told) == 1
    assert any("broken off after 2 of 3 epochs" in text for text in told)
    assert any(f"the state is kept in {tmp_path / 'parted.training'}," in text for text in told)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["parted", "whole"]  # the state is gone


@posix
def test_a_killed_pre_training_goes_on_bit_for_bit(land, tmp_path, monkeypatch):
    """As a program of its own, with the real small recipe; killed between two steps of an epoch."""
    monkeypatch.undo()
    whole, parted = (job_of(land, tmp_path / name, epochs=2, batch=1, count=2) for name in ("whole", "parted"))
    (tmp_path / "job.json").write_text(registry.dump(parted))
    command = [*ENGINE, "run", str(tmp_path / "job.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as program:
        for line in program.stdout:
            if json.loads(line).get("message") == "Pre-training, epoch 2":
                program.send_signal(signal.SIGKILL)
                break
    assert program.returncode == -signal.SIGKILL
    reporter = Silent()
    pretrain(parted, reporter)
    assert any("broken off after 1 of 2 epochs" in text for _, text in reporter.lines)
    pretrain(whole, Silent())
    assert learnt(parted.folder) == learnt(whole.folder)
    assert not folder_of(parted.folder).exists()


def test_the_state_is_there_when_an_epoch_is_told(land, tmp_path):
    """So a power loss costs one epoch at most. It is of plain values and tensors."""
    job, lengths = job_of(land, tmp_path / "e"), []

    class Reader(Silent):
        def log(self, text, level="info"):
            if text.startswith("Epoch "):
                lengths.append(len(torch.load(state_of(job), weights_only=True)["loop"]["history"]))

    pretrain(job, Reader())
    assert lengths == list(range(1, EPOCHS + 1))


def test_cancel_tells_what_is_kept_and_that_it_can_go_on(land, tmp_path):
    job = job_of(land, tmp_path / "e")
    assert broken_off(job, 1) == "Cancelled: no output was written."
    state = f"and the state from which it can go on in {folder_of(job.folder)}"
    kept = f"^Cancelled: the encoder after epoch 2 was kept in {job.folder}, {state}[.]$"
    with pytest.raises(CancelledKept, match=kept):
        pretrain(job, CancelledIn(3))
    for file in (tmp_path / "e").iterdir():
        file.unlink()
    with pytest.raises(CancelledKept, match=kept):  # before any epoch of its own: still true
        pretrain(job, CancelledIn(3))
    assert learnt(job.folder)[1]["learning"]["epochs_done"] == 2


def test_time_left_is_of_this_run_s_steps_alone(land, tmp_path):
    job, seen = job_of(land, tmp_path / "e"), []
    broken_off(job, 2)

    class Watch(Silent):
        def progress(self, fraction, message, done=0, total=0):
            if message.startswith("Pre-training"):
                seen.append((fraction, done, total))

    pretrain(job, Watch())
    steps = 2 * STEPS
    assert [fraction for fraction, _, _ in seen] == pytest.approx([0.05 + 0.95 * (i + 1) / steps for i in range(steps)])
    assert [(done, total) for _, done, total in seen] == [(STEPS + i + 1, STEPS + steps) for i in range(steps)]


def test_restart_forgets_the_earlier_pre_training(land, tmp_path):
    job = job_of(land, tmp_path / "e")
    broken_off(job, 2)
    reporter = Silent()
    pretrain(replace(job, seed=2, resume="restart"), reporter)
    assert not any("broken off" in text for _, text in reporter.lines)
    pretrain(job_of(land, tmp_path / "other", seed=2), Silent())
    assert learnt(job.folder) == learnt(tmp_path / "other")


def test_a_cancelled_pre_training_is_finished_with_its_last_epoch(land, tmp_path):
    job = job_of(land, tmp_path / "e")
    broken_off(job, 3)
    encoder = (tmp_path / "e" / "encoder.safetensors").read_bytes()
    pretrain(replace(job, resume="finish"), Silent())
    assert learnt(job.folder)[0] == encoder
    assert learnt(job.folder)[1]["learning"]["epochs_done"] == 2
    assert not folder_of(job.folder).exists()


# --- states that are not this pre-training's -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 2}, "seed is 1 there, 2 now"),
        ({"epochs": 9}, "epochs is 3 there, 9 now"),
        ({"bands": ("B02", "B03", "B04")}, "bands is"),
        ({"align_weight": 2.0}, "weight of the alignment is 1.0 there, 2.0 now"),
        ({"teacher": ""}, "teacher is .* there, none now"),
        ({"parcels": ""}, r"parcels is \[4\] there, \[0\] now"),
        ({"parcels": "larger.gpkg"}, "area of the parcels is"),
        ({"settings": tuple({**SMALL, "width": "32"}.items())}, "setting width is 16 there, 32 now"),
    ],
)
def test_the_state_of_another_pre_training_is_refused_by_what_differs(land, tmp_path, other, change, words):
    job = changed_pretraining(other, **{k: str(land / v) if k == "parcels" and v else v for k, v in change.items()})
    refused(job, rf"of another training: {words}")


@pytest.fixture(scope="module")
def other(land, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipe.RECIPES, "small", with_optim(TINY, epochs=EPOCHS))
        job = job_of(land, tmp_path_factory.mktemp("other") / "e", **guided(land))
        broken_off(job, 2)
    return job


def refused(job, words):
    """One sentence, and the state and the encoder stay as they are."""
    places = (folder_of(job.folder), Path(job.folder))
    before = [{p.name: p.read_bytes() for p in place.iterdir()} for place in places]
    with pytest.raises(CheckpointUnusable, match=rf"state\.ckpt cannot be taken up \(.*{words}.*restart.*[.]$"):
        pretrain(job, Silent())
    assert [{p.name: p.read_bytes() for p in place.iterdir()} for place in places] == before


def test_other_seasons_are_another_pre_training(land, tmp_path, other):
    scenes = tuple(SceneSource(str(path)) for path in write_season(tmp_path / "season", 30, 50, seed=1))
    refused(replace(other, series=(Series(scenes, mask="none"),)), "means of the bands")


def test_copies_of_the_files_are_the_same_pre_training(land, tmp_path):
    """QGIS hands on parcels with a filter as a temporary file."""
    job = job_of(land, tmp_path / "e", **guided(land))
    broken_off(job, EPOCHS)
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes((land / "parcels.gpkg").read_bytes())
    reporter = Silent()
    pretrain(changed_pretraining(job, parcels=str(copy)), reporter)
    assert any("broken off after 2 of 3" in text for _, text in reporter.lines)


NO_STATES = {  # what is done to a state -> why it is refused
    "text": (lambda state: b"not a file of torch", "cannot be read"),
    "half": (lambda state: b"PK\x03\x04" + b"\0" * 100, "cannot be read"),
    "no training": (lambda state: {"weight": torch.ones(3)}, "it is no state of a training"),
    "a training": (lambda state: {"training": {"network": "unet"}, "loop": {}}, "network is unet there"),
    "an empty loop": (lambda state: {**state, "loop": {}}, "does not fit the network, KeyError"),
    "another shape": (lambda state: reshaped(state), "does not fit the network, RuntimeError"),
}


def reshaped(state):
    state["state_dict"]["task.centre"] = torch.zeros(7)
    return state


@pytest.mark.parametrize("kind", NO_STATES)
def test_a_file_that_is_no_such_state_is_refused_and_left_alone(land, tmp_path, kind):
    job = job_of(land, tmp_path / "e")
    broken_off(job, 2)
    spoil, words = NO_STATES[kind]
    spoilt = spoil(torch.load(state_of(job), weights_only=True))
    state_of(job).write_bytes(spoilt) if isinstance(spoilt, bytes) else torch.save(spoilt, state_of(job))
    refused(job, words)
