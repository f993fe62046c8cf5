"""The numbers of a pre-training, and the presets of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from ....shared.jobs.pretrain import PretrainOptim
from ....shared.recipes import Recipe


@dataclass(frozen=True)
class ViewSizes:
    """What a sequence is made of, and how large its views are."""

    count: int  # dates
    tile: int  # px
    large: int  # px of the global views
    small: int  # px of the local views


@dataclass(frozen=True)
class HeadSizes:
    """Of the head that is discarded afterwards."""

    hidden: int
    bottleneck: int
    outputs: int  # K


@dataclass(frozen=True)
class DinoRecipe:
    """How an encoder is pre-trained. `optim`: the learning rate is that of a batch of 256, `batch` counts sequences."""

    optim: Recipe
    views: ViewSizes
    head: HeadSizes
    warm_up: int  # epochs
    at_once: int  # sequences whose gradient is taken at once
    momentum: float = 0.996  # of the teacher, rising to 1
    last_decay: float = 0.4  # of the weights, to which `optim.weight_decay` rises
    min_steps: int = 1  # an epoch

    def facts(self) -> dict[str, Any]:
        """Its numbers by their names, for the encoder's facts and to know a training again."""
        own = ("warm_up", "at_once", "momentum", "last_decay", "min_steps")
        optim = ("epochs", "batch", "learning_rate", "weight_decay")
        return {
            **asdict(self.views),
            **asdict(self.head),
            **{name: getattr(self.optim, name) for name in optim},
            **{name: getattr(self, name) for name in own},
        }


def _optim(rate: float, epochs: int, batch: int) -> Recipe:
    return Recipe("distillation", "adamw", rate, "cosine", epochs=epochs, batch=batch, weight_decay=0.04)


RECIPES = {
    "paper": DinoRecipe(_optim(5e-4, 100, 256), ViewSizes(15, 224, 224, 96), HeadSizes(2048, 256, 4096), 10, 8),
    # choice: a few minutes on two cores; with so few steps the teacher follows sooner
    "small": DinoRecipe(
        _optim(3.2e-2, 10, 4),
        ViewSizes(6, 64, 64, 32),
        HeadSizes(128, 64, 256),
        warm_up=1,
        at_once=4,
        momentum=0.98,
        min_steps=10,
    ),
}


def recipe_of(preset: str, asked: PretrainOptim, count: int) -> DinoRecipe:
    """The preset's, with what the user asks for otherwise; `count`: dates of a sequence, 0 = the preset's."""
    recipe = RECIPES[preset]
    optim = replace(recipe.optim, **{name: value for name, value in asdict(asked).items() if value})
    views = replace(recipe.views, count=count or recipe.views.count)
    return replace(recipe, optim=optim, views=views, at_once=min(recipe.at_once, optim.batch))
