"""A pre-training that takes seconds."""

from __future__ import annotations

from dataclasses import replace

from crop_classifier_plugin.engine.training.pretraining.recipe import DinoRecipe, HeadSizes, ViewSizes
from crop_classifier_plugin.shared.networks import Recipe

TINY = DinoRecipe(
    Recipe("distillation", "adamw", 6.4e-2, "cosine", epochs=2, batch=2, weight_decay=0.04),
    ViewSizes(3, 24, 16, 8),
    HeadSizes(16, 8, 32),
    warm_up=1,
    at_once=1,
    momentum=0.9,
    min_steps=3,
)


def with_optim(recipe: DinoRecipe, **changes: float) -> DinoRecipe:
    return replace(recipe, optim=replace(recipe.optim, **changes))  # type: ignore[arg-type]
