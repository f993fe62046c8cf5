"""How each network's paper trains it (shared/networks.py), and what a job asks for otherwise."""

from __future__ import annotations

from dataclasses import replace

from ....shared.errors import BadInput
from ....shared.jobs.train import OptimSpec
from ....shared.networks import NETWORKS, Recipe

# Learning rate and weight decay of an optimiser that the paper does not use (choice).
_OTHERWISE = {"sam": (0.011, 0.0), "adamw": (0.003, 0.01), "adam": (0.001, 0.0)}


def recipe_of(network: str) -> Recipe:
    """The paper's way. Raises BadInput for a network that is not trained on labels."""
    recipes = {name: row.recipe for name, row in NETWORKS.items() if row.recipe}
    if network not in recipes:
        raise BadInput(f"The network {network!r} is not trained on labels: use one of {', '.join(sorted(recipes))}.")
    return recipes[network]


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
