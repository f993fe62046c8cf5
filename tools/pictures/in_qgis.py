"""A script run in a real QGIS window on a screen and with a profile of its own. Needs qgis and xvfb-run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZE = (1400, 830)  # px, of the screen


def run_in_qgis(script: str, variables: dict[str, str], seconds: float, *arguments: str) -> None:
    """`variables` tell the script, in QGIS, that it is there and what to do; it ends QGIS, or `seconds` do."""
    profile = tempfile.mkdtemp(prefix="crop_picture_")
    first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # QGIS takes the first Python for its own
    own = {"PATH": first, "QGIS_CUSTOM_CONFIG_PATH": profile, "XDG_RUNTIME_DIR": profile}
    env = os.environ | own | variables
    env.pop("QT_QPA_PLATFORM", None)
    try:
        subprocess.run([sys.executable, str(ROOT / "tools" / "link.py")], env=env, check=True)
        screen = ["xvfb-run", "-a", "-s", f"-screen 0 {SIZE[0]}x{SIZE[1]}x24"]
        qgis = ["qgis", "--nologo", "--noversioncheck", "--code", script, *arguments]
        shown = subprocess.Popen([*screen, *qgis], env=env, start_new_session=True)
        try:
            shown.wait(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shown.pid, signal.SIGTERM)
    finally:
        shutil.rmtree(profile, ignore_errors=True)
