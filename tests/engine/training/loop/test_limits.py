"""Numbers and memory run out in a training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import (
    LossNotFinite,
    OutOfMemory,
)
from kits.training.loop import RECIPE, Toy, lesson_of, run


class Poisoned(Toy):
    """From epoch `ill` on the images are not finite."""

    def __init__(self, ill):
        super().__init__()
        self.ill = ill

    def __getitem__(self, index):
        item = super().__getitem__(index)
        return item | {"x": item["x"] * float("nan")} if self.epoch >= self.ill else item


def test_a_loss_that_is_no_number_ends_with_the_last_good_weights(tmp_path):
    reporter = Silent()
    lesson = run(lesson_of(reporter=reporter), tmp_path, patches=Poisoned(3))
    assert len(lesson.history) == 3
    lesson.finish()
    assert all(v.isfinite().all() for v in lesson.task.network.state_dict().values())
    assert any(level == "warning" and "epoch 4" in text and "AdamW" in text for level, text in reporter.lines)


def test_a_loss_that_never_was_a_number_is_one_sentence():
    with pytest.raises(LossNotFinite, match=r"epoch 1: lower the learning rate.*[.]$"):
        run(lesson_of(), patches=Poisoned(0))


def short_of_memory(lesson, most):
    """The network fails on more than `most` patches at a time, as a small graphics card would."""
    forward = lesson.task.network.forward

    def scarce(x):
        if len(x) > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return forward(x)

    lesson.task.network.forward = scarce
    return lesson


def test_out_of_memory_halves_the_batch_says_so_and_goes_on():
    reporter = Silent()
    lesson = run(short_of_memory(lesson_of(reporter=reporter), 1))
    assert len(lesson.history) == 6
    told = [text for level, text in reporter.lines if level == "warning" and "memory" in text]
    assert [("2 parts" in text, "4 parts" in text) for text in told] == [(True, False), (False, True)]


def test_not_even_one_patch_fits():
    with pytest.raises(OutOfMemory, match="one patch at a time"):
        run(short_of_memory(lesson_of(), 0))


@pytest.mark.parametrize("loss", ["focal", "cross_entropy"])  # means over pixels; the others are of the whole batch
def test_parts_of_a_batch_give_the_gradient_of_the_whole(loss):
    lesson = lesson_of(replace(RECIPE, loss=loss), dropout="0").eval()  # no batch statistics
    lesson.task.network.supervised = lambda *logits: torch.stack(logits)
    lesson.manual_backward = lambda value: value.backward()
    items = [Toy()[i] for i in range(5)]
    batch = {name: torch.stack([item[name] for item in items]) for name in items[0]}
    batch["target"][1] = -1  # a patch without a label
    found = []
    for count in (1, 2, 3, 5):
        lesson._micro.count = count
        value = lesson._gradient(batch)[0]
        found.append([value, *(p.grad.clone() for p in lesson.task.network.parameters())])
    for other in found[1:]:
        for a, b in zip(found[0], other):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-7)
