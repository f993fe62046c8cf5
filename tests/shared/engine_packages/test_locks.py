"""The lock files: of every platform, within the ranges of the lists, a hash for every file, and no address."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from crop_classifier_plugin.shared.engine_packages import locks, requirements
from kits.paths import REPOSITORY

LISTS = REPOSITORY / "resources" / "engine"
LOCKS = sorted((LISTS / "locks").glob("*.txt"))
PLATFORMS = (("linux", "x86_64"), ("win32", "AMD64"), ("darwin", "arm64"), ("darwin", "x86_64"))
PARTS = {"": "requirements.txt", "train": "requirements-train.txt", "clouds": "requirements-clouds.txt"}


def name(path: Path) -> str:
    return path.stem


def part_of(path: Path) -> str:
    return next((part for part in ("train", "clouds") if path.stem.endswith(f"_{part}")), "")


@pytest.mark.parametrize("platform", PLATFORMS, ids="-".join)
def test_every_platform_has_a_lock_of_the_base(platform: tuple[str, str]) -> None:
    found = locks.fitting(LISTS, (), platform, "3.11")
    assert len(found) == 1
    assert locks.fitting(LISTS, (), platform, "3.9") == locks.fitting(LISTS, (), platform, "3.99") == []


def test_linux_and_windows_have_a_lock_of_each_part() -> None:
    for platform in PLATFORMS[:3]:
        assert len(locks.fitting(LISTS, ("train", "clouds"), platform, "3.12")) == 3
    assert locks.fitting(LISTS, (), ("linux", "riscv64"), "3.12") == []


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_what_is_locked_lies_within_the_ranges_of_the_list(lock: Path) -> None:
    wanted = requirements.read([LISTS / PARTS[part_of(lock)]])
    assert locks.pythons(lock)
    for python in locks.pythons(lock):
        versions = locks.entries(lock, python)
        assert requirements.unmet(wanted, {each.name: versions[locks.normal(each.name)] for each in wanted}) == []
        base = LISTS / "locks" / f"{lock.stem.removesuffix(f'_{part_of(lock)}')}.txt"
        if base != lock:  # a part adds to the base, and changes none of it
            assert not set(versions) & set(locks.entries(base, python))


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_every_package_has_a_hash_for_every_python_and_no_address_is_told(lock: Path) -> None:
    text = lock.read_text()
    assert "//" not in text
    read = locks.read(lock)
    assert len({(each.name, python) for each in read for python in each.pythons}) == sum(len(e.pythons) for e in read)
    for each in read:
        assert each.pythons
        assert each.hashes
        assert Version(each.version)
        if each.name != "torch":
            assert "+" not in each.version
    assert text.count("--hash=sha256:") == sum(len(each.hashes) for each in read)


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_every_line_is_a_requirement_as_pip_reads_it(lock: Path) -> None:
    for line in lock.read_text().replace("\\\n", " ").splitlines()[1:]:
        theirs = Requirement(re.sub(r"\s--hash=\S+", "", line))
        found = [each for each in locks.read(lock) if (each.name, f"{each.version}") == pinned(theirs)]
        for python in locks.pythons(lock):
            applies = theirs.marker is None or theirs.marker.evaluate({"python_version": python})
            assert applies == any(python in each.pythons for each in found)


def pinned(requirement: Requirement) -> tuple[str, str]:
    (only,) = requirement.specifier
    assert only.operator in ("==", "===")
    return requirement.name, only.version


def test_what_is_no_lock_is_refused(tmp_path: Path) -> None:
    for line in ("numpy", "numpy>=1", "numpy==1 --hash=md5:12", "-r other.txt", "numpy @ https://example.org/n.whl"):
        (tmp_path / "lock.txt").write_text(f"# Python 3.11: by hand\n{line}\n")
        with pytest.raises(ValueError, match="is no line of a lock file"):
            locks.read(tmp_path / "lock.txt")


def test_wheels_of_a_folder_are_known_by_name_and_version(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    lock = tmp_path / "lock.txt"
    lock.write_text(
        f"# Python 3.11 3.12: by hand\na-b==1.0 \\\n    --hash=sha256:{digest}\n"
        f'c===2.0 ; python_version == "3.12" \\\n    --hash=sha256:{digest}\n'
    )
    assert locks.missing_wheels([lock], "3.12", tmp_path) == ["a-b", "c"]
    (tmp_path / "a_b-1.0-py3-none-any.whl").touch()
    (tmp_path / "c-2.0+cpu-py3-none-any.whl").touch()
    assert locks.missing_wheels([lock], "3.12", tmp_path) == ["c"]
    assert locks.missing_wheels([lock], "3.11", tmp_path) == []
