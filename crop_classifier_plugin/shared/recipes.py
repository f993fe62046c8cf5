"""How networks are trained: by default so that they learn on the user's own machine, or as their papers do it.

Standard library only: QGIS shows what the engine does. The catalogue (networks.py) names each network's recipes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .choices import LOSSES, OPTIMIZERS


@dataclass(frozen=True)
class Changes:
    """How patches are changed."""

    turns: bool = True  # turned and mirrored
    optical_dropout: tuple[float, float] = (0.0, 0.0)  # share of a patch's optical dates taken away, drawn in between
    radar_dropout: float = 0.0  # the same of radar dates
    jitter: float = 0.0  # standard deviation of the random gain that a date and band get


@dataclass(frozen=True)
class AdamSpec:
    """What only Adam is asked for."""

    norm_penalty: float = 0.0  # times the sum of the squared weights of batch normalisation is added to the loss
    epsilon: float = 1e-7  # Keras'


@dataclass(frozen=True)
class Recipe:
    """How to train a network. Rates are for the recipe's own batch."""

    loss: str  # one of losses.LOSSES
    optimizer: str  # one of optimizers.OPTIMIZERS
    learning_rate: float  # the highest
    schedule: str  # one of optimizers.SCHEDULES
    epochs: int  # 0 = as many as the time allows that the job gives
    batch: int
    patch: int = 0  # px, both sides
    patience: int = 0  # epochs without a better validation mean F1 until it stops early; 0 = never
    ties: bool = False  # an epoch as good as the best takes its place
    weight_decay: float = 0.0
    adam: AdamSpec = AdamSpec()
    changes: Changes = Changes()  # of each patch


@dataclass(frozen=True)
class Recipes:
    """The recipes of a network, by the names of choices.RECIPES."""

    default: Recipe
    paper: Recipe

    def named(self, name: str) -> Recipe:
        recipe: Recipe = getattr(self, name)
        return recipe


def describe(recipe: Recipe) -> str:
    """In one phrase, for dialogs and cards."""
    length = f"{recipe.epochs} epochs" if recipe.epochs else "as long as the minutes allow"
    rate = f"learning rate {recipe.learning_rate:g} ({recipe.schedule.replace('_', ' ')})"
    loss, shown = LOSSES[recipe.loss].partition(" (")[0], f"batches of {recipe.batch} patches of {recipe.patch} px"
    return f"{OPTIMIZERS[recipe.optimizer]}, {rate}, {loss}, {shown}, {length}"


# --- how the papers train ---------------------------------------------------------------------------------------------

# docs/papers/lrtacf_net.md, section 4: eq. 7, and of the baseline whose set-up it keeps momentum, schedule and turns.
_CLARK = Recipe("bce_iou", "sam", 0.011, "polynomial", epochs=100, batch=6, patch=224)
# The abstract of Attention-3DCNN names no training: a choice (docs/papers/attention_3dcnn.md, section 4).
_MONTHLY = Recipe(
    "root_cross_entropy", "adamw", 1e-3, "cosine", epochs=100, batch=16, patch=64, patience=15,
    weight_decay=1e-4, changes=Changes(optical_dropout=(0.1, 0.3), radar_dropout=0.1),
)  # fmt: skip
# docs/papers/vunet_convlstm.md, section 4, from the released code: Keras' Adam, and l2(1e-4) on gamma and beta.
_LEM = Recipe(
    "focal", "adam", 1e-3, "constant", epochs=400, batch=16, patch=32, patience=30, ties=True,
    adam=AdamSpec(norm_penalty=1e-4), changes=Changes(turns=False),
)  # fmt: skip
# PANGAEA's fine-tuning, which the paper of CropSTS uses (docs/papers/cropsts.md, section 4.2).
_PANGAEA = Recipe(
    "cross_entropy", "adamw", 1e-4, "steps", epochs=80, batch=8, patch=128, weight_decay=0.05,
    changes=Changes(turns=False),
)  # fmt: skip

# --- what learns in minutes -------------------------------------------------------------------------------------------


def _quick(rate: float, batch: int = 4, patch: int = 64, **changes: object) -> Recipe:
    """AdamW and one cycle of the learning rate (Smith 2018), over as many steps as the time allows (choice)."""
    return Recipe(
        "root_cross_entropy", "adamw", rate, "one_cycle", epochs=0, batch=batch, patch=patch, weight_decay=0.01,
        changes=Changes(jitter=0.03, **changes),  # type: ignore[arg-type]
    )  # fmt: skip


# Rates, batches and patches were chosen on simulated seasons: benchmarks/results/recipes.md.
SEGMENTATION = Recipes(_quick(6e-3), _CLARK)
SERIES = Recipes(_quick(6e-3, patch=32, optical_dropout=(0.1, 0.3), radar_dropout=0.1), _MONTHLY)
CONVLSTM = Recipes(_quick(6e-3), _LEM)
CROPSTS = Recipes(_quick(3e-3), _PANGAEA)
