"""One small addition of each kind, made as docs/how-to tells; `install` puts them into the folders of the package.

The files import as they would in the folders they are meant for.
"""

from __future__ import annotations

import importlib
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "crop_classifier_plugin"
FOLDERS = {  # package -> folder of additions
    f"{PACKAGE}.engine.networks": "networks",
    f"{PACKAGE}.engine.products.sensors": "sensors",
    f"{PACKAGE}.engine.accuracy": "room",
    f"{PACKAGE}.shared.jobs": "jobs",
}
ALGORITHMS = {f"{PACKAGE}.algorithms.accuracy": "algorithms", f"{PACKAGE}.shared.jobs": "jobs"}


def paths_with_additions(package: str, folder: str) -> list[str]:
    """Where a package's modules are looked for, the additions among the places."""
    return [*importlib.import_module(package).__path__, str(HERE / folder)]


def install() -> None:
    """For a process of its own, which never takes them out again."""
    for package, folder in FOLDERS.items():
        importlib.import_module(package).__path__ = paths_with_additions(package, folder)


def network_row() -> object:
    """The one row that makes the network known."""
    from crop_classifier_plugin.shared.networks import NetworkRow, Sample
    from crop_classifier_plugin.shared.recipes import Recipe, Recipes

    recipe, told = Recipe("cross_entropy", "adam", 1e-3, "constant", 1, batch=2, patch=16), "Every date counts alike."
    sample, recipes = Sample(6, 3, 4, 16), Recipes(default=recipe, paper=recipe)
    return NetworkRow("Tiny", "tiny_net:TinyNetConfig", "tiny_net:TinyNet", sample, recipes, attention=told)
