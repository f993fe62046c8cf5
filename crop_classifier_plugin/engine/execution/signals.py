"""How the program ends on a signal: exit code 130 for Ctrl-C, 143 for SIGTERM, 129 for a terminal that goes.

Standard library, and little of it: this is imported before anything else.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # SIGBREAK: Ctrl-Break of Windows
_KEYBOARD = ("SIGINT", "SIGBREAK")


def exit_code(number: int) -> int:
    """The exit code of a program that ends because of a signal, as shells count it."""
    keyboard = number in (getattr(signal, name, None) for name in _KEYBOARD)
    return 128 + (signal.SIGINT if keyboard else number)


def leave_at_once() -> None:
    """From now on a signal ends the program on the spot: while it starts, nothing is written that could stay half."""
    _on_signals(_leave_now)


def tell(stop: Callable[[int], None]) -> None:
    """From now on `stop` hears the number of the signal, and the job ends by itself."""
    _on_signals(lambda number, _: stop(number))


def ignore() -> None:
    """From now on nothing ends the program before its own end: what is done is not cancelled any more, and an
    interpreter that is taken apart answers a signal with a traceback."""
    for name in _ENDING:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def leave(code: int) -> NoReturn:
    """Ends the process at once: taking an interpreter apart that has torch in it lasts half a second and more."""
    ignore()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def tell_last(text: str) -> None:
    """Says something on standard error where that can be, and makes Python's own end silent: it would try in vain
    to write what is left for standard output, and say so with a traceback."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for name in _ENDING:
        number = getattr(signal, name, None)
        outlives = name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN if number else False  # nohup
        if number and not outlives:
            signal.signal(number, handler)


def _leave_now(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, b"Cancelled.\n")  # a stream may be in the middle of a line, and must not be entered twice
    finally:
        os._exit(exit_code(number))
