"""What is named as an input and is no file: told at once, never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.dispatch import run_job
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import registry
from kits.mutations.documents import places_of
from kits.strategies.least_jobs import LEAST

ODD = ("n" * 300, "\u00e4" * 200, "http://[", "/dev/zero")


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in the file system")
    os.mkfifo(tmp_path / "pipe.tif")
    return str(tmp_path / "pipe.tif")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", sorted(LEAST))
def test_no_job_waits_for_an_input_or_falls_over_its_name(kind: str, pipe: str) -> None:
    facts = {"kind": kind, **LEAST[kind]}
    inputs = set(registry.parse(facts).inputs())
    for odd in (pipe, *ODD):
        for holder, key in list(places_of(facts)):
            if isinstance(holder[key], str) and holder[key] in inputs:
                kept, holder[key] = holder[key], odd
                with pytest.raises(BadInput):
                    run_job(registry.parse(facts), Silent())
                holder[key] = kept
