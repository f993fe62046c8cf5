"""Fixtures of the cards' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.models import write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(tmp_path / "models" / "tiny")
    return tmp_path / "models" / "tiny"
