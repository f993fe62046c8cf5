"""Builds the installable plugin: dist/crop_classifier_plugin.zip, the same bytes from the same files, and beside it the
bill of materials of what it holds and what the engine installs (CycloneDX).

In it metadata.txt has the changes of the newest version, as the plugin manager of QGIS shows them.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "crop_classifier_plugin"
BESIDE = ("metadata.txt", "LICENSE", "CHANGELOG.md", "resources", "models")  # stand inside the plugin once installed
NOT_PACKED = (ROOT / "resources" / "images",)  # pictures of the README
SUFFIXES_LEFT_OUT = (".pyc", ".pyo", ".part")


def members(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Each file and its name in the archive."""
    for path in _files(root / PLUGIN):
        yield path, path.relative_to(root).as_posix()
    for name in BESIDE:
        for path in _files(root / name):
            yield path, f"{PLUGIN}/{path.relative_to(root).as_posix()}"


def _files(start: Path) -> list[Path]:
    found = [start] if start.is_file() else sorted(start.rglob("*"))
    return [path for path in found if path.is_file() and not _left_out(path)]


def _left_out(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ROOT).parts)
    return hidden or path.suffix in SUFFIXES_LEFT_OUT or any(folder in path.parents for folder in NOT_PACKED)


def with_changelog(root: Path = ROOT) -> bytes:
    """metadata.txt with the newest version's list, one line an entry; a percent sign is doubled, as QGIS reads it."""
    newest = (root / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    title, *entries = re.split(r"\n+(?=[*#-])", newest.strip())
    lines = [
        re.sub(r"[\[\]]", "", " ".join(title.split())),
        *(" ".join(entry.split()).lstrip("# ") for entry in entries),
    ]
    field = "changelog=" + "\n  ".join(lines).replace("%", "%%")
    told = (root / "metadata.txt").read_text(encoding="utf-8")
    return re.sub(r"^changelog=.*$", lambda _: field, told, flags=re.MULTILINE).encode()


def build(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in sorted(members(), key=lambda pair: pair[1]):
            entry = zipfile.ZipInfo(name)  # its date is always 1980-01-01
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, with_changelog() if path == ROOT / "metadata.txt" else path.read_bytes())
    return target


if __name__ == "__main__":
    import sbom  # beside this file, which others run by its path too

    made = build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / f"{PLUGIN}.zip")
    print(f"{sbom.write(made)}: what it is made of.")
    print(f"{made} ({made.stat().st_size / 1e6:.1f} MB): install it in QGIS with Plugins > Install from ZIP.")
