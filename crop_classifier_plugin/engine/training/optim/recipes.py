"""How each network's paper trains it, declared once. A job may ask for another loss, optimiser, rate or patience."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ....shared.errors import BadInput
from ....shared.jobs.train import OptimSpec

# Learning rate and weight decay of an optimiser that the paper does not use (choice).
_OTHERWISE = {"sam": (0.011, 0.0), "adamw": (0.003, 0.01), "adam": (0.001, 0.0)}


@dataclass(frozen=True)
class Changes:
    """How a paper changes its patches."""

    turns: bool = True  # turned and mirrored
    optical_dropout: tuple[float, float] = (0.0, 0.0)  # share of a patch's optical dates taken away, drawn in between
    radar_dropout: float = 0.0  # the same of radar dates


@dataclass(frozen=True)
class Recipe:
    """How to train a network. Rates are for the batch of the paper."""

    loss: str  # one of losses.LOSSES
    optimizer: str  # one of optimise.OPTIMIZERS
    learning_rate: float
    schedule: str  # one of optimise.SCHEDULES
    epochs: int
    batch: int
    patch: int = 0  # px, both sides
    patience: int = 0  # epochs without a better validation mean F1 until it stops early; 0 = never
    ties: bool = False  # an epoch as good as the best takes its place
    weight_decay: float = 0.0
    norm_penalty: float = 0.0  # times the sum of the squared weights of batch normalisation is added to the loss
    adam_epsilon: float = 1e-7  # Keras'
    changes: Changes = Changes()  # of each patch


# docs/papers/lrtacf_net.md, section 4: eq. 7, and of the baseline whose set-up it keeps momentum, schedule and turns.
_CLARK = Recipe("bce_iou", "sam", 0.011, "polynomial", epochs=100, batch=6, patch=224)
# The abstract of Attention-3DCNN names no training: a choice (docs/papers/attention_3dcnn.md, section 4).
_PASTIS = Recipe(
    "root_cross_entropy", "adamw", 1e-3, "cosine", epochs=100, batch=16, patch=64, patience=15,
    weight_decay=1e-4, changes=Changes(optical_dropout=(0.1, 0.3), radar_dropout=0.1),
)  # fmt: skip
# docs/papers/vunet_convlstm.md, section 4, from the released code: Keras' Adam, and l2(1e-4) on gamma and beta.
_LEM = Recipe(
    "focal",
    "adam",
    1e-3,
    "constant",
    epochs=400,
    batch=16,
    patch=32,
    patience=30,
    ties=True,
    norm_penalty=1e-4,
    changes=Changes(turns=False),
)

RECIPES = {
    "attention_3dcnn": _PASTIS,
    "convstar": _PASTIS,
    "cropsts": Recipe(
        "cross_entropy",
        "adamw",
        1e-4,
        "steps",
        epochs=80,
        batch=8,
        patch=128,
        weight_decay=0.05,
        changes=Changes(turns=False),
    ),  # PANGAEA's fine-tuning, which the paper uses (docs/papers/cropsts.md, section 4.2)
    "lrtacf_net": _CLARK,
    "unet": _CLARK,
    "unet_3d": _PASTIS,
    "unet_convlstm": _LEM,
    "unet_plusplus": _CLARK,
    "vunet_convlstm": _LEM,
}


def recipe_of(network: str) -> Recipe:
    """The paper's way. Raises BadInput for a network that is not trained on labels."""
    if network not in RECIPES:
        raise BadInput(f"The network {network!r} is not trained on labels: use one of {', '.join(sorted(RECIPES))}.")
    return RECIPES[network]


def resolve_recipe(network: str, optim: OptimSpec) -> Recipe:
    """The recipe of the network, with what the user asks for otherwise."""
    recipe = recipe_of(network)
    if optim.optimizer not in ("auto", recipe.optimizer):
        rate, decay = _OTHERWISE[optim.optimizer]
        recipe = replace(recipe, optimizer=optim.optimizer, learning_rate=rate, weight_decay=decay)
    return replace(
        recipe,
        loss=recipe.loss if optim.loss == "auto" else optim.loss,
        learning_rate=optim.learning_rate or recipe.learning_rate,
        epochs=optim.epochs or recipe.epochs,
        batch=optim.batch or recipe.batch,
        patch=optim.patch or recipe.patch,
        patience=recipe.patience if optim.patience < 0 else optim.patience,
    )
