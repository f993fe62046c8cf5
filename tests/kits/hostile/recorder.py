"""What the engine opens and whom it calls, seen by strace from outside; the cases run in one process that forks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from kits.paths import REPOSITORY

from .place import Hostile, allowed

_CALL = re.compile(r'(\d+) +(?:\+\+\+|(\w+)\((?:AT_FDCWD, )?(?:"([^"]*)"|(.*)))')
_MARK = "hostile-case-"
_LIMIT = 60  # s of one case; more is a fault as well


@dataclass(frozen=True)
class Seen:
    """What became of a case."""

    name: str
    status: int  # exit code; 139 and the like: it died
    words: str  # what it told on standard error
    opened: tuple[str, ...]  # of what nobody named
    called: tuple[str, ...]  # connections


def needs_strace() -> None:
    """Skips the test where opens cannot be seen from outside."""
    if not shutil.which("strace") or subprocess.run(["strace", "-V"], capture_output=True, check=False).returncode:
        pytest.skip("strace is not installed: what the engine opens cannot be seen from outside")


def record(cases: Sequence[Hostile], folder: Path) -> list[Seen]:
    """Runs each case; `folder` holds all of them."""
    listed, trace, told = folder / "cases.json", folder / "trace.txt", folder / "told.json"
    listed.write_text(json.dumps([asdict(case) for case in cases], default=str))
    program = [sys.executable, "-m", "kits.hostile.recorder", str(listed), str(told), str(folder)]
    paths = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests")))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    strace = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,connect", "-o", str(trace)]
    subprocess.run([*strace, *program], check=True, env=environment, capture_output=True, timeout=3600)
    ends = json.loads(told.read_text())
    seen = _by_case(trace)
    return [
        Seen(case.name, *ends[number], *_strange(seen.get(number, []), case, number, folder))
        for number, case in enumerate(cases)
    ]


def _by_case(trace: Path) -> dict[int, list[tuple[str, str]]]:
    """(call, argument) of each case: what its process does after it opened its mark, and all that it starts."""
    found: dict[int, list[tuple[str, str]]] = {}
    current = -1
    for line in trace.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if not call or call[2] is None:
            continue
        argument = call[3] if call[3] is not None else call[4]
        if _MARK in argument:  # cases follow one another, so all that comes now is of this one
            current = int(argument.rpartition(_MARK)[2])
            found[current] = []
        elif current >= 0:
            found[current].append((call[2], argument))
    return found


def _strange(
    calls: Sequence[tuple[str, str]], case: Hostile, number: int, folder: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mine = [*allowed(case), folder / "out" / str(number)]
    opened = {
        os.path.normpath(argument) for call, argument in calls if call != "connect" and argument.startswith(str(folder))
    }
    strange = [path for path in opened if not any(Path(path).is_relative_to(place) for place in mine)]
    called = [argument for call, argument in calls if call == "connect" and "AF_UNIX" not in argument]
    return tuple(sorted(set(strange) - _of_the_recorder(folder))), tuple(called)


def _of_the_recorder(folder: Path) -> set[str]:
    return {str(folder), str(folder / "out"), str(folder / "cases"), str(folder / "told.json")}


# --- in the process that strace watches ------------------------------------------------------------------------------


def _main(listed: str, told: str, folder: str) -> None:
    import crop_classifier_plugin.engine.accuracy.diagnosis.job
    import crop_classifier_plugin.engine.series.operations.build.job  # noqa: F401 - loaded once for all cases

    cases = json.loads(Path(listed).read_text())
    ends = [_forked(number, case, Path(folder)) for number, case in enumerate(cases)]
    Path(told).write_text(json.dumps(ends))


def _forked(number: int, case: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Exit code and words of one case, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(OSError):
            os.open(folder / f"{_MARK}{number}", os.O_RDONLY)
        os.close(reading)
        _run(case, folder / "out" / str(number), writing)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as pipe:
        words = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), words


def _run(case: dict[str, Any], out: Path, writing: int) -> None:
    """Never returns."""
    import signal

    from crop_classifier_plugin.engine.cli.main import main

    signal.alarm(_LIMIT)
    out.mkdir(parents=True)
    target = out / "built.tif" if case["command"][0] == "build-series" else out
    sys.argv = ["crop-classifier", *case["command"], "--out", str(target)]
    words, status = io.StringIO(), 0
    with contextlib.redirect_stderr(words), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException as error:  # noqa: BLE001 - told to the test
            words.write(f"Traceback: {error!r}")
            status = 99
    os.write(writing, words.getvalue()[-4000:].encode(errors="replace"))
    os._exit(status)


if __name__ == "__main__":
    _main(*sys.argv[1:])
