"""A file on a server, whole: what broke off goes on, what came is checked by its size and, if told, its checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import requests

from ...shared.errors import NetworkFailed
from ...shared.texts.bounded import bounded_json
from ..execution.outputs import translate
from .assets import Wanted
from .network import Network, shown

_HASHES = {"1220": "sha256", "1114": "sha1", "1340": "sha512", "d50110": "md5"}  # multihash: code and length
_READ = 1 << 20


def is_whole(path: Path, file: Wanted) -> bool:
    """Whether the file lies there as the catalogue has it; where that tells neither size nor checksum, it does."""
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    expected = _checksum(file)
    return expected is None or _digest(path, expected[0]) == expected[1]


def fetch(file: Wanted, url: str, part: Path, network: Network) -> None:
    """Leaves the whole file in `part`. Raises NetworkFailed, OutputNotWritable, DiskFull."""
    network.patiently(url, lambda: _go_on(file, url, part, network))
    if not is_whole(part, file):
        part.unlink(missing_ok=True)
        _note(part).unlink(missing_ok=True)
        raise NetworkFailed(shown(url), "what came is not what the catalogue tells: its size or checksum is another")
    _note(part).unlink(missing_ok=True)


def _go_on(file: Wanted, url: str, part: Path, network: Network) -> None:
    """From where an earlier attempt, or run, stopped, if it is the same version of the same file."""
    known = _read_note(part)
    start = part.stat().st_size if part.is_file() and known.get("address") == shown(file.href) else 0
    with network.stream(url, start) as (begin, size, tag, chunks):
        if size is None:  # what has no end would fill the disk
            raise NetworkFailed(shown(url), "the server does not tell how large it is", "leave the scene out")
        if begin and tag != known.get("tag"):
            begin = 0
        if start and not begin:
            part.unlink(missing_ok=True)
            if tag != known.get("tag"):
                raise requests.ConnectionError("changed meanwhile: from the beginning")
        _write(part, begin, chunks, {"address": shown(file.href), "tag": tag})
    if part.stat().st_size != size:
        raise requests.ConnectionError("broke off")


def _write(part: Path, begin: int, chunks: Iterator[bytes], note: dict[str, str]) -> None:
    try:
        _note(part).write_text(json.dumps(note), encoding="utf-8")
        with open(part, "r+b" if begin else "wb") as out:
            out.seek(begin)
            for chunk in chunks:
                out.write(chunk)
            out.truncate()
    except requests.RequestException:  # which is an OSError, of the network and not of the disk
        raise
    except OSError as error:
        raise translate(error, str(part)) from None


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_note(part: Path) -> dict[str, str]:
    try:
        note = bounded_json(_note(part))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _checksum(file: Wanted) -> tuple[str, str] | None:
    """Its kind and value, from a multihash as the catalogue's file extension tells it."""
    told = str(file.asset.extra_fields.get("file:checksum", "")).lower()
    return next(((kind, told[len(code) :]) for code, kind in _HASHES.items() if told.startswith(code)), None)


def _digest(path: Path, kind: str) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_READ):
            digest.update(block)
    return digest.hexdigest()
