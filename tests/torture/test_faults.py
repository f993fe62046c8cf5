"""A few of the faults that `make torture` tries by the hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from crop_classifier_plugin.shared.jobs.registry import JOBS
from kits.torture.cases import FACTS, ONLINE
from kits.torture.main import SCENARIOS
from kits.torture.place import digest
from kits.torture.warm import WarmEngine

CASES = ("classify", "review_list")  # rasters with what lies beside them, and a database
SEED = 1
TRIES = {"kills": 6, "full_disks": 4, "signals": 4, "starts": 3, "orphans": 2, "rivals": 2, "vanishing": 4}
pytestmark = pytest.mark.timeout(300)


def test_every_kind_of_job_is_tried() -> None:
    assert {name.partition(":")[0] for name in FACTS} == JOBS.keys() - set(ONLINE)


@pytest.mark.parametrize("scenario", TRIES)
def test_no_fault_is_lost(scenario: str, engine: WarmEngine, place: Path, tmp_path: Path) -> None:
    before = digest(place)
    tally = SCENARIOS[scenario](engine, place, tmp_path / "work", TRIES[scenario], SEED, CASES)
    assert not tally.faults
    assert tally.tried > 0
    assert digest(place) == before


def test_bad_files_end_in_a_result_or_a_sentence(engine: WarmEngine, place: Path, tmp_path: Path) -> None:
    cases = tuple(case for case in FACTS if not case.startswith(("train", "probe", "pretrain")))
    tally = SCENARIOS["fuzz"](engine, place, tmp_path / "work", 20, SEED, cases)
    assert not tally.faults
    assert tally.tried == 20
