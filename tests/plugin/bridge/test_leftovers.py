"""What a killed program leaves is removed by the next one; what a living one uses never is."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crop_classifier_plugin import plugin
from crop_classifier_plugin.bridge import environment, leftovers, runner
from crop_classifier_plugin.bridge.engine_setup import watched
from crop_classifier_plugin.shared.jobs.simulate import SimulateJob
from kits.paths import REPOSITORY

HOLDS = f"""
import pathlib, sys, time
sys.path[:0] = [{str(REPOSITORY)!r}]
from crop_classifier_plugin.bridge import leftovers
with leftovers.owned_folder(pathlib.Path(sys.argv[1]), ".engine.", ".part") as folder:
    (folder / "engine").mkdir()
    print(folder.name, flush=True)
    time.sleep(60)
"""


def held(place):
    """A process that holds a folder there, and the folder's name."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(place)], stdout=subprocess.PIPE, text=True)
    with process.stdout as told:
        return process, told.readline().strip()


def there(place):
    return sorted(p.name for p in place.iterdir())


def test_only_what_dead_processes_left_is_swept(tmp_path):
    living, kept = held(tmp_path)
    killed, gone = held(tmp_path)
    try:
        killed.kill()
        killed.wait()
        assert there(tmp_path) == sorted([kept, gone])
        with leftovers.owned_folder(tmp_path, ".engine.", ".part") as ours:
            leftovers.sweep(tmp_path, ".engine.", ".part")
            assert there(tmp_path) == sorted([kept, ours.name])
        assert there(tmp_path) == [kept]
    finally:
        living.kill()
        living.wait()
    leftovers.sweep(tmp_path, ".engine.", ".part")
    assert there(tmp_path) == []


def test_what_is_not_ours_is_never_swept(tmp_path):
    """Files, links, other names, and a folder that is only being made."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".owner").touch()
    (tmp_path / ".engine.file.part").touch()
    (tmp_path / ".engine.link.part").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".engine.young.part").mkdir()
    (tmp_path / ".engine.other").mkdir()
    before = there(tmp_path)
    leftovers.sweep(tmp_path, ".engine.", ".part")
    leftovers.sweep(tmp_path / "missing", ".engine.", ".part")
    assert there(tmp_path) == before
    long_ago = time.time() - 2 * leftovers.UNOWNED
    os.utime(tmp_path / ".engine.young.part", (long_ago, long_ago))  # as an older version left it
    leftovers.sweep(tmp_path, ".engine.", ".part")
    assert set(before) - set(there(tmp_path)) == {".engine.young.part"}


@pytest.mark.skipif(sys.platform == "win32", reason="ends a program as POSIX does")
def test_a_killed_qgis_leaves_no_folder_behind_the_next_run(fake, feedback, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    program = (
        f"import os, pathlib, sys; sys.path[:0] = [{str(REPOSITORY)!r}]\n"
        "from crop_classifier_plugin.bridge import leftovers, runner\n"
        f"with leftovers.owned_folder(pathlib.Path({str(tmp_path / 'temporary')!r}), runner.JOBS): os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    assert len(there(tmp_path / "temporary")) == 1
    fake("good")
    runner.run(SimulateJob(folder=str(tmp_path)), feedback)
    assert there(tmp_path / "temporary") == []


@pytest.mark.skipif(sys.platform == "win32", reason="asks for the parent as POSIX does")
def test_what_the_setup_runs_ends_with_it(tmp_path):
    """A pip whose QGIS was killed."""
    (tmp_path / "sleeper.py").write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    parent = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, {watched.__file__!r}, 'sleeper'])\n"
        f"while not os.path.exists({str(tmp_path / 'pid')!r}): time.sleep(0.02)\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", parent], env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=False)
    until = time.monotonic() + 10
    pid = int((tmp_path / "pid").read_text())
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_start_of_qgis_sweeps_beside_its_own_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "profile_engine", lambda: tmp_path / "engine")
    killed, _ = held(tmp_path)
    killed.kill()
    killed.wait()
    thread = plugin.finish_killed_setups()
    thread.join(10)
    assert there(tmp_path) == []
    assert plugin.finish_killed_setups() is None
    assert thread not in threading.enumerate()
