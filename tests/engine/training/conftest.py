"""Fixtures of the training's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.training.toy import write_toy
from kits.training.two_series import write_place


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy season."""
    return write_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with optical and radar series."""
    return write_place(tmp_path_factory.mktemp("two"))
