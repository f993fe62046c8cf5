"""The first file the engine's interpreter runs: `python -I bootstrap.py run job.json`.

It says which process it is (a venv's interpreter on Windows is a launcher of another one), refuses a Python too old to
read the engine, and makes this very copy of the plugin importable and starts its engine. The folder above the package
goes to the end of the search path only, because in a QGIS profile it holds other plugins, whose names may hide
packages; the package itself is taken from here even if another copy is installed in the environment.
"""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import signal
import sys
from pathlib import Path

OLDEST = (3, 10)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the engine's own handlers stand: no traceback
    sys.stdout.write(json.dumps({"event": "started", "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    if sys.version_info < OLDEST:
        broken = f"{sys.executable} is Python {sys.version_info[0]}.{sys.version_info[1]}, and 3.10 or newer is needed"
        sentence = f"The engine's environment is broken ({broken}): run 'Set up the engine' again."
        sys.stdout.write(json.dumps({"event": "error", "code": "engine-broken", "sentence": sentence}) + "\n")
        sys.exit(1)
    package = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    sys.modules[package.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[package.name])
    sys.path.append(str(package.parent))
    runpy.run_module(f"{package.name}.engine", run_name="__main__", alter_sys=True)
