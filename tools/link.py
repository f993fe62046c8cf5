"""Puts this checkout into a QGIS profile and enables it, for qgis and qgis_process alike. Says what it did.

The plugin's folder in the profile holds links to the checkout's files, so that edits count at the next start of QGIS.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "crop_classifier_plugin"
BESIDE = ("metadata.txt", "LICENSE", "resources", "models")


def default_profile() -> Path:
    """The profile that qgis_process always uses, and qgis unless told otherwise."""
    home = Path.home()
    if sys.platform == "win32":
        data = Path(os.environ["APPDATA"])
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return Path(os.environ.get("QGIS_CUSTOM_CONFIG_PATH") or data / "QGIS" / "QGIS3") / "profiles" / "default"


def link(profile: Path) -> bool:
    """Makes the folder of links; False when it was so already."""
    folder = profile / "python" / "plugins" / PLUGIN
    code = {path.name: path for path in (ROOT / PLUGIN).iterdir() if path.name != "__pycache__"}
    wanted = code | {name: ROOT / name for name in BESIDE if (ROOT / name).exists()}
    if _links(folder) == wanted:
        return False
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in wanted.items():
        (folder / name).symlink_to(target, target_is_directory=target.is_dir())
    return True


def _links(folder: Path) -> dict[str, Path]:
    if not folder.is_dir() or folder.is_symlink():
        return {}
    return {path.name: Path(os.readlink(path)) for path in folder.iterdir() if path.is_symlink()}


def _clear(folder: Path) -> None:
    """Removes older links. An installed copy, which is not ours, is set aside instead."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir() and all(path.is_symlink() or path.name == "__pycache__" for path in folder.iterdir()):
        shutil.rmtree(folder)
    elif folder.exists():
        aside = folder.parent.parent / f"{PLUGIN}.replaced"
        if aside.exists():
            shutil.rmtree(aside)
        folder.rename(aside)
        print(f"The installed plugin was set aside as {aside}.")


def enable(settings: Path) -> bool:
    """Switches the plugin on in QGIS3.ini; False when it was on already. Every other line stays as it is."""
    lines = settings.read_text(encoding="utf-8").splitlines() if settings.is_file() else []
    changed = _switched_on(lines)
    if changed == lines:
        return False
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("\n".join(changed) + "\n", encoding="utf-8")
    return True


def _switched_on(lines: list[str]) -> list[str]:
    section, entry = "[PythonPlugins]", f"{PLUGIN}=true"
    if section not in lines:
        return [*lines, *([""] if lines else []), section, entry]
    start = lines.index(section) + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    inside = [line for line in lines[start:end] if line.split("=")[0] != PLUGIN]
    if entry in lines[start:end] and len(inside) == end - start - 1:
        return lines
    return [*lines[:start], entry, *inside, *lines[end:]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", type=Path, default=default_profile(), help="default: %(default)s")
    profile = parser.parse_args().profile
    linked, enabled = link(profile), enable(profile / "QGIS" / "QGIS3.ini")
    print(f"{'Linked' if linked else 'Already linked'}: {profile / 'python' / 'plugins' / PLUGIN} -> {ROOT}")
    print(f"{'Enabled' if enabled else 'Already enabled'} for qgis and qgis_process: {profile / 'QGIS' / 'QGIS3.ini'}")
