"""Runs a module of the interpreter that ends with its parent: `python -I watched.py pip install ...`.

A pip whose QGIS was killed would go on for minutes, in a folder that nobody waits for.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time

EVERY = 0.5  # s between two looks at the parent
SIGTERM_CODE = 143


def watch(parent: int) -> None:
    """Ends this process once its parent is gone. (Of Windows a child cannot ask that.)"""
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(SIGTERM_CODE)


if __name__ == "__main__":
    if os.name == "posix":
        threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
