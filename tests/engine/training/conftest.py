"""Fixtures of the training's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.training.toy import write_toy


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy(tmp_path_factory.mktemp("toy"))
