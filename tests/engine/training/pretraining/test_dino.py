"""Laws of the loss of self-distillation and of its teacher."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from crop_classifier_plugin.engine.training.loop.task import Position
from crop_classifier_plugin.engine.training.pretraining import dino
from crop_classifier_plugin.engine.training.pretraining.task import ViewBatch
from kits.training.pretraining import CONFIG, a_batch, step, task_of


def test_the_loss_is_the_mean_of_fourteen_pairs():
    rng = torch.Generator().manual_seed(0)
    student = [torch.randn(3, 5, generator=rng) for _ in range(8)]
    teacher = [torch.randn(3, 5, generator=rng) for _ in range(2)]
    centre = torch.randn(5, generator=rng)
    pairs = []
    for i, t in enumerate(teacher):
        p = torch.softmax((t - centre) / 0.04, dim=1)
        pairs += [F.cross_entropy(s / 0.1, p) for j, s in enumerate(student) if j != i]
    assert len(pairs) == 14
    torch.testing.assert_close(dino.distillation(student, teacher, centre), torch.stack(pairs).mean())


def test_the_teacher_is_the_moving_average_of_the_student():
    torch.manual_seed(0)
    made = task_of()
    before = [p.clone() for p in made.teacher.parameters()]
    step(made, [a_batch(0), a_batch(1)])
    for old, now in zip(before, made.teacher.parameters()):
        torch.testing.assert_close(old, now)  # no gradient ever moves it
    made.after_step(Position(0, 0, 10, 1))
    for old, slow, fast in zip(before, made.teacher.parameters(), made.student.parameters()):
        torch.testing.assert_close(slow, 0.9 * old + 0.1 * fast)
    assert dino.cosine(0.996, 1.0, 9, 10) == 1.0


def test_the_teacher_sees_everything_where_the_student_is_blind(monkeypatch):
    torch.manual_seed(0)
    made = task_of()
    batch, seen = a_batch(0), {"teacher": [], "student": []}
    for name in seen:
        network = getattr(made, name)
        network.register_forward_pre_hook(lambda module, given, name=name: seen[name].append(given[0].clone()))
    step(made, [batch])
    for i in (0, 1):
        assert 0.4 < batch.hidden[i].float().mean() < 0.6
        torch.testing.assert_close(seen["teacher"][i], batch.x[i])
        hidden = batch.hidden[i][:, None, None].expand_as(batch.x[i])
        assert not seen["student"][i][hidden].any()
        torch.testing.assert_close(seen["student"][i][~hidden], batch.x[i][~hidden])
    for i in range(2, 8):
        torch.testing.assert_close(seen["student"][i], batch.x[i])
    assert len(seen["teacher"]) == 2


def test_the_last_layer_waits_in_the_first_epoch():
    torch.manual_seed(0)
    made = task_of()
    last, first = made.student.head.last.clone(), made.student.head.mlp[0].weight.clone()
    step(made, [a_batch(0)], at=0)
    torch.testing.assert_close(made.student.head.last, last)
    assert (made.student.head.mlp[0].weight != first).any()


def test_parts_of_a_batch_give_the_whole_batch_s_gradient():
    """Accumulated gradients and centre are those of one large batch (without the chance of dropped paths)."""
    grads, centres = [], []
    for parts in (1, 2):
        torch.manual_seed(0)
        made = task_of()
        dino.drop_paths(made.student.encoder, 0.0)
        whole = a_batch(0, count=2)
        step(made, [whole] if parts == 1 else [one_of(whole, i) for i in range(2)])
        made.after_step(Position(0, 0, 10, 1))
        grads.append(made.student.encoder.embed.weight.grad.clone())
        centres.append(made.centre.clone())
    torch.testing.assert_close(*grads, atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(*centres)


def one_of(batch, i):
    part = ViewBatch.__new__(ViewBatch)
    for name in ("x", "valid", "hidden", "rgb"):
        setattr(part, name, [value[i : i + 1] for value in getattr(batch, name)])
    part.doy = batch.doy[i : i + 1]
    return part


def test_schedules_of_the_paper():  # docs/papers/cropsts.md, section 4.1
    rates = [dino.learning_rate_at(5e-4, step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(5e-5)
    assert rates[9] == rates[10] == max(rates) == 5e-4
    assert rates[-1] == pytest.approx(1e-6)
    assert all(np.diff(rates[10:]) <= 0)
    decay = [dino.cosine(0.04, 0.4, step, 100) for step in range(100)]
    assert (decay[0], decay[-1]) == (pytest.approx(0.04), pytest.approx(0.4))


def test_drop_paths_rise_linearly_and_only_in_training():
    made = task_of(replace(CONFIG, depth=3, taps=(1, 2, 3, 3)))
    assert [b.drop_path for b in made.student.encoder.blocks] == pytest.approx([0, 0.05, 0.1])
    assert [b.drop_path for b in made.teacher.encoder.blocks] == [0, 0, 0]
    block = made.student.encoder.blocks[2]
    block.drop_path = 0.5
    change = torch.ones(4000, 1, 1, 1)
    kept = block._kept(change)
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert kept.mean() == pytest.approx(1, abs=0.1)
    torch.testing.assert_close(block.eval()._kept(change), change)
