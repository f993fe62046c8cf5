"""Asks for known weaknesses of every package in the lock files (pip-audit), and exits 1 where one is known.

What the index does not answer is said, and no failure: the answer depends on the day and the network, so `make check`
does not ask.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from crop_classifier_plugin.shared.engine_packages import locks  # noqa: E402

PATIENCE = 300  # s


def pinned() -> set[tuple[str, str]]:
    """Every package of every lock."""
    folder = ROOT / "resources" / "engine" / "locks"
    return {(each.name, each.version) for lock in folder.glob("*.txt") for each in locks.read(lock)}


def lists(packages: set[tuple[str, str]]) -> Iterator[str]:
    """Requirement lists that name each package once: pip-audit takes no two versions of one."""
    left = sorted(packages)
    while left:
        chosen = dict(left)
        yield "".join(f"{name}=={version}\n" for name, version in chosen.items())
        left = [pair for pair in left if pair not in chosen.items()]


def ask(requirements: str) -> list[dict[str, Any]]:
    """What pip-audit says of each; [] where it says nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        options = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
        command = [sys.executable, "-m", "pip_audit", *options, "--requirement", file.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
            told: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return []
    return told


def main() -> int:
    packages = pinned()
    told = [each for text in lists(packages) for each in ask(text)]
    answered = [each for each in told if "vulns" in each]
    weak = [(each["name"], each["version"], weakness["id"]) for each in answered for weakness in each["vulns"]]
    for name, version, weakness in weak:
        print(f"{name} {version}: {weakness}")
    silent = len(packages) - len(answered)
    print(
        f"{len(answered)} locked packages were looked up, {len(weak)} known weaknesses; "
        f"{silent} could not be looked up{': no index of weaknesses is reached from here' if not answered else ''}."
    )
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
