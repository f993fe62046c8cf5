"""How the experiments train: each network by its paper's loss, optimiser and schedule, in small batches and patches."""

from __future__ import annotations

from typing import Any

from ...shared.jobs.train import AugmentationSpec, OptimSpec

_SMALL = {"batch": 8, "patch": 64}


def as_paper(jitter: float = 0.03, **asked: Any) -> OptimSpec:
    """The paper's recipe, with what is asked for otherwise. `jitter`: standard deviation of the random gain that a date
    and band get (choice)."""
    hidden = {name: asked.pop(name) for name in ("optical_dropout", "radar_dropout") if name in asked}
    return OptimSpec("paper", **{**_SMALL, **asked}, augmentation=AugmentationSpec(jitter, **hidden))
