"""Makes resources/engine/locks: exact versions of what the engine needs, with the hashes of their files.

By platform one file for what every job needs, one for what training adds, one for what cloud masks add; each for
several versions of Python. Only wheels: nothing is built on the user's machine. Resolved by uv; no address is written.

PyTorch is that of the package index, written `===` so that a build of another index with a local version (2.13.0+cpu),
whose hash the index does not know, is not taken in its place. Of s2cloudless the trees alone are read: what its code
would need is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[1]
LISTS = ROOT / "resources" / "engine"
BASE, TRAIN, CLOUDS = (LISTS / f"requirements{part}.txt" for part in ("", "-train", "-clouds"))
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = {  # our name -> uv's
    "linux_x86_64": "x86_64-manylinux_2_28",
    "windows_amd64": "x86_64-pc-windows-msvc",
    "macos_arm64": "aarch64-apple-darwin",
    "macos_x86_64": "x86_64-apple-darwin",
}
OLDEST_MACOS = "14.0"  # that the wheels of PyTorch and pyproj run on
EXACT = ("torch",)  # `===`
Locked = dict[tuple[str, str], frozenset[str]]  # distribution, version -> sha256 of its wheels


class NotResolvable(Exception):
    """A list that has no solution for a platform and a Python."""


@dataclass(frozen=True)
class Target:
    """A platform and a version of Python."""

    platform: str
    python: str

    def resolve(self, *lists: Path, among: Locked | None = None, deps: bool = True) -> Locked:
        """What these lists need, of the versions `among` where it is given. Raises NotResolvable."""
        with tempfile.TemporaryDirectory() as place:
            lock, constraints = Path(place) / "pylock.toml", Path(place) / "constraints.txt"
            constraints.write_text("".join(f"{name}=={version}\n" for name, version in among or {}))
            asked = ["--python-platform", PLATFORMS[self.platform], "--python-version", self.python]
            how = ["--no-config", "--quiet", "--only-binary", ":all:", "--format", "pylock.toml"]
            kept = [*how, *asked, "--constraint", str(constraints), *([] if deps else ["--no-deps"])]
            uv = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *kept, "--output-file", str(lock)]
            variables = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS}
            done = subprocess.run([*uv, *map(str, lists)], capture_output=True, text=True, check=False, env=variables)
            if done.returncode:
                raise NotResolvable(" ".join(done.stderr.split()))
            packages = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
        return {
            (each["name"], each["version"]): frozenset(wheel["hashes"]["sha256"] for wheel in each["wheels"])
            for each in packages
        }

    def parts(self) -> dict[str, Locked]:
        """What every job needs, and what training and cloud masks add, from one solution of both."""
        try:
            whole = self.resolve(BASE, TRAIN)
        except NotResolvable as error:
            print(f"{self.platform}, Python {self.python}: no lock for training. {error}")
        else:
            base = self.resolve(BASE, among=whole)
            train = {key: hashes for key, hashes in whole.items() if key not in base}
            return {"": base, "_train": train, "_clouds": self._clouds(base)}
        try:
            base = self.resolve(BASE)
        except NotResolvable as error:
            print(f"{self.platform}, Python {self.python}: no lock. {error}")
            return {}
        return {"": base, "_clouds": self._clouds(base)}

    def _clouds(self, base: Locked) -> Locked:
        return {key: hashes for key, hashes in self.resolve(CLOUDS, among=base, deps=False).items() if key not in base}


def text(found: dict[str, Locked]) -> str:
    """A lock file. `found`: by version of Python."""
    pythons: dict[tuple[str, str], list[str]] = defaultdict(list)
    hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for python, locked in found.items():
        for key, wheels in locked.items():
            pythons[key].append(python)
            hashes[key] |= wheels
    lines = [f"# Python {' '.join(found)}: made by `make locks` from the lists of the folder above."]
    for name, version in sorted(pythons):
        ours = pythons[name, version]
        marker = "" if len(ours) == len(found) else " ; " + " or ".join(f'python_version == "{each}"' for each in ours)
        wheels = [f"    --hash=sha256:{each}" for each in sorted(hashes[name, version])]
        lines.append(" \\\n".join([f"{name}{'===' if name in EXACT else '=='}{version}{marker}", *wheels]))
    return "\n".join(lines) + "\n"


def main() -> None:
    for platform in PLATFORMS:
        by_part: dict[str, dict[str, Locked]] = defaultdict(dict)
        for python in PYTHONS:
            for part, locked in Target(platform, python).parts().items():
                by_part[part][python] = locked
        for part in ("", "_train", "_clouds"):
            path = LISTS / "locks" / f"{platform}{part}.txt"
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            if part in by_part:
                path.write_text(text(by_part[part]), encoding="utf-8")
                print(f"{path.relative_to(ROOT)}: {', '.join(by_part[part])}")


if __name__ == "__main__":
    main()
