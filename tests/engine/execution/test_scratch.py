"""Arrays on disk: a full disk is a sentence, never the end of the process; and nobody else makes temporary files."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution import scratch
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.execution.scratch import PartlyFilled, check_room, disk_array, tell_room
from crop_classifier_plugin.shared.errors import CropClassifierError, DiskFull, DiskTooSmall
from kits.paths import REPOSITORY
from kits.program import refusal, run, small_disk
from kits.training.toy import job_of, write_toy

KIB = 1 << 10


# --- what is written is what is read --------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_places_that_were_written_hold_their_values_and_no_others_are_touched(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    sides = st.integers(1, 9)
    shape = (*data.draw(st.lists(sides, max_size=2)), data.draw(sides), data.draw(sides))
    array = PartlyFilled(tmp_path_factory.mktemp("scratch") / "x", shape, np.int16)
    expected, rng = np.zeros(shape, np.int16), np.random.default_rng(0)
    for _ in range(3):
        spans = []
        for side in shape[-2:]:
            start = data.draw(st.integers(0, side - 1))
            spans.append(slice(start, data.draw(st.integers(start + 1, side))))
        part = rng.integers(1, 999, expected[..., spans[0], spans[1]].shape)
        array.write(*spans, part)
        expected[..., spans[0], spans[1]] = part
    np.testing.assert_array_equal(array.values, expected)


def test_an_array_takes_its_room_at_once_and_a_partly_filled_one_only_what_is_written(tmp_path: Path) -> None:
    disk_array(tmp_path / "whole", (256, KIB), np.float32)[:] = 1
    part = PartlyFilled(tmp_path / "part", (4, 512, 512), np.float32)
    part.write(slice(0, 16), slice(0, 16), np.ones((4, 16, 16)))
    taken = {name: (tmp_path / name).stat().st_blocks * 512 for name in ("whole", "part")}
    assert taken["whole"] >= KIB * KIB
    assert taken["part"] < 512 * KIB
    assert disk_array(tmp_path / "none", (0, 5), np.int8).shape == (0, 5)


def test_a_map_is_never_written_through_where_nothing_is_reserved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        PartlyFilled(tmp_path / "x", (2, 8, 8), np.float32).values[0] = 1


# --- full disks -----------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 512) as place:
        yield place


def test_too_little_room_is_told_before_anything_is_written(disk: Path) -> None:
    with pytest.raises(DiskTooSmall, match=r"needs 1.0 MiB on the disk of .*disk, which has \d+\.\d MiB free"):
        disk_array(disk / "x", (256, KIB), np.float32)
    assert not list(disk.iterdir())
    with pytest.raises(DiskTooSmall):
        PartlyFilled(disk / "y", (8, 512, 512), np.float32).check_room(512 * 512)
    assert check_room(disk / "not" / "yet", 0) > 0


@pytest.mark.parametrize("reserves", [True, False])
def test_room_that_goes_meanwhile_is_a_sentence(disk: Path, monkeypatch: pytest.MonkeyPatch, reserves: bool) -> None:
    """Another program fills the disk between the check and the writing; not every file system reserves room."""

    def cannot(number: int, start: int, size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(scratch, "check_room", lambda folder, needed: 0)
    if not reserves:
        monkeypatch.setattr(os, "posix_fallocate", cannot)
    with pytest.raises(DiskFull):
        disk_array(disk / "x", (256, KIB), np.float32)
    (disk / "x").unlink()
    np.testing.assert_array_equal(disk_array(disk / "small", (64, KIB), np.float32), 0)
    part = PartlyFilled(disk / "y", (8, 512, 512), np.float32)
    with pytest.raises(DiskFull):
        part.write(slice(0, 512), slice(0, 300), np.ones((8, 512, 300)))


def test_what_may_not_fit_is_a_warning(disk: Path) -> None:
    reporter = Silent()
    tell_room("The series", disk, KIB, reporter)
    tell_room("The series", disk, KIB * KIB, reporter)
    assert [(level, "may not fit" in text) for level, text in reporter.lines] == [("info", False), ("warning", True)]
    assert "up to 1.0 MiB on the disk of" in reporter.lines[1][1]


@pytest.mark.parametrize("kib", [100, 230, 280])
@pytest.mark.timeout(120)
def test_a_training_on_a_small_disk_is_one_sentence_and_leaves_it_empty(tmp_path: Path, kib: int) -> None:
    """The pixels of the toy take 216 KiB, the model some hundreds more."""
    toy = tmp_path / "toy"
    toy.mkdir()
    write_toy(toy)
    job = job_of(toy, tmp_path / "disk" / "m")
    job = replace(job, network=replace(job.network, name="random_forest", settings=()))
    with small_disk(tmp_path / "disk", kib) as place:
        told = refusal(run(job, toy))
        assert "disk" in told
        assert not list(place.iterdir())


# --- the one door ----------------------------------------------------------------------------------------------------

DOOR = {"execution/scratch.py"}
TEMPORARY = {"tempfile", "memmap", "open_memmap", "mkdtemp", "mkstemp", "TemporaryDirectory", "NamedTemporaryFile"}


def makers(source: str) -> set[str]:
    """What of TEMPORARY a module names, however it is imported."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {part for alias in node.names for part in alias.name.split(".")}
            found |= {getattr(node, "module", "") or ""}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found & TEMPORARY


def test_no_other_place_of_the_engine_makes_temporary_files_or_maps() -> None:
    assert makers("import numpy as n; n.memmap(1)") == {"memmap"}
    assert makers("from tempfile import mkdtemp as m") == {"tempfile", "mkdtemp"}
    engine = REPOSITORY / "crop_classifier_plugin" / "engine"
    found = {str(p.relative_to(engine)): makers(p.read_text()) for p in engine.rglob("*.py")}
    assert {name for name, named in found.items() if named} == DOOR


def test_its_errors_are_sentences() -> None:
    assert issubclass(DiskTooSmall, CropClassifierError)
    assert str(DiskTooSmall(5 << 30, 1 << 20, "/here")).startswith("The run needs 5.0 GiB on the disk of /here")
