"""One warm engine and one place of inputs for all faults."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.torture.place import make_place
from kits.torture.warm import WarmEngine


@pytest.fixture(scope="session")
def engine() -> Iterator[WarmEngine]:
    """Its files may be read by anybody: some runs are another user's."""
    if not hasattr(os, "fork"):
        pytest.skip("children are forked")
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        Path(folder).chmod(0o755)
        yield WarmEngine(Path(folder) / "engine")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("torture") / "place")
