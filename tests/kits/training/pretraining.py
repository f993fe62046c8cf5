"""A pre-training that takes seconds."""

from __future__ import annotations

from crop_classifier_plugin.engine.training.pretraining.trainer import DinoRecipe

TINY = DinoRecipe(3, 24, 16, 8, 2, 1, 2, 1, 6.4e-2, 16, 8, 32, momentum=0.9, least_steps=3)
