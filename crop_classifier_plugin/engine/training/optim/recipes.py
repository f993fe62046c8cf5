"""The recipe of a training: the network's (shared/recipes.py), and what the job asks for otherwise."""

from __future__ import annotations

from dataclasses import replace

from ....shared.errors import BadInput
from ....shared.jobs.train import OptimSpec
from ....shared.networks import NETWORKS
from ....shared.recipes import Recipe

# Learning rate and weight decay of an optimiser that the recipe does not use (choice).
_OTHERWISE = {"sam": (0.011, 0.0), "adamw": (0.003, 0.01), "adam": (0.001, 0.0)}


def recipe_of(network: str, name: str = "default") -> Recipe:
    """One of the network's recipes. Raises BadInput for a network that is not trained on labels."""
    recipes = {network: row.recipes for network, row in NETWORKS.items() if row.recipes}
    if network not in recipes:
        raise BadInput(f"The network {network!r} is not trained on labels: use one of {', '.join(sorted(recipes))}.")
    return recipes[network].named(name)


def resolve_recipe(network: str, optim: OptimSpec) -> Recipe:
    """The recipe of the network, with what the user asks for otherwise; no epochs where the time is to tell them."""
    recipe = recipe_of(network, optim.recipe)
    if optim.optimizer not in ("auto", recipe.optimizer):
        rate, decay = _OTHERWISE[optim.optimizer]
        recipe = replace(recipe, optimizer=optim.optimizer, learning_rate=rate, weight_decay=decay)
    own = optim.augmentation
    changes = replace(
        recipe.changes,
        jitter=recipe.changes.jitter if own.jitter < 0 else own.jitter,
        optical_dropout=recipe.changes.optical_dropout if own.optical_dropout is None else own.optical_dropout,
        radar_dropout=recipe.changes.radar_dropout if own.radar_dropout is None else own.radar_dropout,
    )
    return replace(
        recipe,
        loss=recipe.loss if optim.loss == "auto" else optim.loss,
        schedule=recipe.schedule if optim.schedule == "auto" else optim.schedule,
        learning_rate=optim.learning_rate or recipe.learning_rate,
        epochs=optim.epochs or recipe.epochs,
        batch=optim.batch or recipe.batch,
        patch=optim.patch or recipe.patch,
        patience=recipe.patience if optim.patience < 0 else optim.patience,
        changes=changes,
    )
