"""The one door for text that others wrote: no more of a file is read than it may have, and nothing nests without end.
Standard library only: both sides import this."""

from __future__ import annotations

import io
import json
import os
import re
import stat
from pathlib import Path
from typing import IO, Any, TextIO, Union

from ..errors import TooLarge

MOST = 64 << 20  # bytes of a text (choice: a split file of 100 000 outlines has 30 MB)
DEEPEST = 64  # brackets in brackets (choice: a STAC item has 10, a CRS as text 12)
_SIGN, _IN_TEXT = re.compile(r'["\[\](){}]'), re.compile(r'["\\]')


def bounded_bytes(path: Union[str, Path], most: int = MOST) -> bytes:
    """The whole file. Raises TooLarge, and OSError for what is no file: a pipe would be waited for without end."""
    with open_file(path) as file:
        return read_most(file, most, str(path))


def bounded_text(path: Union[str, Path], most: int = MOST, encoding: str = "utf-8") -> str:
    """Raises TooLarge, OSError, UnicodeDecodeError."""
    return bounded_bytes(path, most).decode(encoding)


def bounded_json(path: Union[str, Path], most: int = MOST) -> Any:
    """Raises TooLarge, also for what nests deeper than DEEPEST; OSError, ValueError."""
    return parsed_json(bounded_text(path, most), str(path))


def parsed_json(text: str, name: str) -> Any:
    """Raises TooLarge, ValueError."""
    check_depth(text, name)
    return json.loads(text)


def read_most(file: IO[bytes], most: int, name: str) -> bytes:
    """All of an open file, as of a member of an archive, whatever size it claims. Raises TooLarge."""
    data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(name, f"has more than {most / 1e6:.3g} MB")
    return data


def open_file(path: Union[str, Path]) -> IO[bytes]:
    """A plain file, to be read. Raises OSError for a pipe, a device or a folder."""
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115 - handed to who closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is no plain file")
    return file


def open_text(path: Union[str, Path], encoding: str, most: int = MOST) -> TextIO:
    """As open(newline=""), of a file of at most that many bytes. Raises TooLarge, OSError."""
    file = open_file(path)
    if os.fstat(file.fileno()).st_size > most:
        file.close()
        raise TooLarge(str(path), f"has more than {most / 1e6:.3g} MB")
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def _at_once(path: str, flags: int) -> int:
    """Opens a pipe without waiting for somebody who writes into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_depth(text: str, name: str, deepest: int = DEEPEST) -> None:
    """Raises TooLarge where brackets nest deeper: parsers that call themselves would use up the stack."""
    if depth_of(text) > deepest:
        raise TooLarge(name, f"nests too deep (brackets {deepest} deep)")


def depth_of(text: str) -> int:
    """How deep brackets nest outside of texts in double quotes."""
    depth = deepest = at = 0
    while found := _SIGN.search(text, at):
        at = found.end()
        if found[0] == '"':
            at = _end_of_text(text, at)
        else:
            depth += 1 if found[0] in "[({" else -1
            deepest = max(deepest, depth)
    return deepest


def _end_of_text(text: str, at: int) -> int:
    """Behind the quote that ends what begins at `at`; a backslash takes the sign after it along."""
    while found := _IN_TEXT.search(text, at):
        if found[0] == '"':
            return found.end()
        at = found.end() + 1
    return len(text)
