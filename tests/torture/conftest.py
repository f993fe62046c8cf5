"""One warm engine and one place of inputs for all faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kits.torture.place import make_place
from kits.torture.warm import WarmEngine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> WarmEngine:
    if not hasattr(os, "fork"):
        pytest.skip("children are forked")
    return WarmEngine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("torture") / "place")
