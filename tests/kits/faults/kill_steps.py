"""A piece of work in a process of its own, which is killed at its n-th step on the file system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

STEPS = ("open", "mkdir", "link", "replace", "rename", "unlink", "rmdir", "fsync", "ftruncate", "scandir", "close")
_DONE, _KILLED = 0, 99


def killed_at(step: int, work: Callable[[], object], *, after: bool = False) -> bool:
    """Whether the work was cut off: before its `step`-th call of one of STEPS, or right after it."""
    child = os.fork()
    if not child:
        _arm(step, after)
        code = 1
        try:
            work()
            code = _DONE
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (_DONE, _KILLED), f"the work failed by itself: {status}"
    return status == _KILLED


def steps(work: Callable[[], object], prepare: Callable[[], object], *, after: bool = False) -> Iterator[int]:
    """Yields after each kill, at every step of the work in turn, until it ends by itself; `prepare` goes before."""
    step = 0
    while True:
        prepare()
        if not killed_at(step, work, after=after):
            return
        yield step
        step += 1


def _arm(step: int, after: bool) -> None:
    left = [step]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] < 0 and not after:
                os._exit(_KILLED)
            result = function(*arguments, **options)
            if left[0] < 0:
                os._exit(_KILLED)
            return result

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
