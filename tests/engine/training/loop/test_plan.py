"""A training is as long as the minutes allow; planned once, it is one of so many epochs and steps."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent, Stop
from crop_classifier_plugin.engine.training.loop.checkpoint import folder_of
from crop_classifier_plugin.engine.training.optim.optimizers import one_cycle_rate
from crop_classifier_plugin.engine.training.supervised import fit as fit_module
from crop_classifier_plugin.engine.training.supervised.plan import Material, Pace, plan_of
from crop_classifier_plugin.shared.errors import BadInput, Cancelled
from crop_classifier_plugin.shared.jobs.train import OptimSpec
from kits.training.learn import learn_only
from kits.training.toy import job_of, write_toy

torch.set_num_threads(1)
MATERIAL = st.builds(Material, st.integers(1, 10**8), st.floats(1, 10**6))
SLOW, QUICK = Pace(1.0), Pace(1e-4, 1e-4)


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-3, 100), st.floats(0, 1000), st.floats(1, 10**5), MATERIAL, st.sampled_from([0, 0, 7]))
def test_a_plan_fits_into_its_time(step, validation, seconds, material, steps):
    plan = plan_of(Pace(step, validation), seconds, material, steps)
    assert 1 <= plan.epochs <= 60
    assert plan.steps >= 1
    least = 3 * ((steps or 1) * step + validation)  # a look at the validation three times, whatever it takes
    most = 12 * (steps or 1) * step  # nor are there fewer epochs than twelve, where looks are cheap
    assert plan.epochs * (plan.steps * step + validation) <= max(seconds, least, most + seconds / 4) * 1.001
    assert plan.epochs * plan.steps <= material.most + plan.epochs + (steps or 0)


def test_more_minutes_are_more_steps_until_the_pixels_were_shown_often_enough():
    material = Material(100_000, 20_000.0)
    totals = [p.epochs * p.steps for p in (plan_of(Pace(0.2, 1.0), 60 * m, material) for m in (1, 3, 10, 30, 100))]
    assert totals == sorted(totals)
    assert totals[0] < 300 < totals[2] < 2700
    assert totals[-1] == pytest.approx(500 * 100_000 / 20_000, rel=0.05)
    assert plan_of(Pace(0.2, 1.0), 600, Material(500, 500.0)).epochs == 60


def test_minutes_must_be_some():
    for minutes in (0, -1, float("inf"), float("nan")):
        with pytest.raises(BadInput, match="minutes"):
            OptimSpec(minutes=minutes)


# --- whole trainings -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return write_toy(tmp_path_factory.mktemp("toy"))


def planned(toy, model, **other):
    return job_of(toy, model, epochs=0, steps=0, **other)


def paced(monkeypatch, pace=SLOW, minutes=0.5):
    """Every machine takes a second a step: 30 steps in half a minute, in twelve epochs."""
    monkeypatch.setattr(fit_module, "pace_of", lambda *_: pace)
    return {"minutes": minutes}


def test_the_measured_plan_is_that_training_of_so_many_epochs_and_steps(toy, tmp_path):
    """Timing takes nothing from the training: its weights are those of the same numbers, given."""
    reporter = Silent()
    job = planned(toy, tmp_path / "m", minutes=0.01)
    found = learn_only(job, tmp_path / "a", reporter)
    learning = found.learning
    (told,) = [text for _, text in reporter.lines if text.startswith("Planned")]
    assert f"{learning.recipe.epochs} epochs of {learning.steps} steps" in told
    assert any(level == "warning" and "steps fit into" in text for level, text in reporter.lines)
    same = job_of(toy, tmp_path / "m", epochs=learning.recipe.epochs, steps=learning.steps)
    other = learn_only(same, tmp_path / "b").network.state_dict()
    assert all(torch.equal(value, other[name]) for name, value in found.network.state_dict().items())


def test_the_rate_of_the_last_planned_step_is_the_cycles_last(toy, tmp_path, monkeypatch):
    learning = learn_only(planned(toy, tmp_path / "m", **paced(monkeypatch)), tmp_path / "s").learning
    assert (learning.recipe.epochs, learning.steps) == (12, 2)
    peak = learning.recipe.learning_rate
    rates = [log.learning_rate for log in learning.history]
    assert rates == [one_cycle_rate(peak, 2 * epoch + 1, 24) for epoch in range(12)]
    assert rates[-1] == pytest.approx(peak / 1000)


def test_a_planned_training_goes_on_by_its_plan_bit_for_bit(toy, tmp_path, monkeypatch):
    """Also where the machine that goes on would have planned another one."""

    class Patient(Silent):
        def log(self, text, level="info"):
            super().log(text, level)
            if text.startswith("Epoch 5 "):
                self.stop.set()

    job = planned(toy, tmp_path / "m", **paced(monkeypatch))
    whole = learn_only(job, tmp_path / "a").network.state_dict()
    with pytest.raises(Cancelled, match="up to epoch 5"):
        learn_only(job, tmp_path / "b", Patient(Stop()), folder_of(job.model))
    paced(monkeypatch, QUICK)
    reporter = Silent()
    found = learn_only(job, tmp_path / "c", reporter, folder_of(job.model))
    assert len(found.learning.history) == 12
    assert not any(text.startswith("Planned") for _, text in reporter.lines)
    assert all(torch.equal(value, whole[name]) for name, value in found.network.state_dict().items())
