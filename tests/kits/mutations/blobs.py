"""Bytes made wrong: files of rasters, vector layers, weights and archives, whose formats are not looked into."""

from __future__ import annotations

import random

_WORDS = (b"\x00" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"nan", b"inf", b"\xed\xa0\x80", b"%n%s")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to eight changes: bits turned, words put in or over, a stretch taken out or twice, the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed = _change(changed, rng)
    return bytes(changed)


def mutated_head(data: bytes, rng: random.Random, size: int = 4096) -> bytes:
    """As mutated, of the first bytes, where headers stand."""
    return mutated(data[:size], rng) + data[size:]


def _change(data: bytearray, rng: random.Random) -> bytearray:
    if not data:
        return bytearray(rng.choice(_WORDS))
    kind, at = rng.randrange(7), rng.randrange(len(data))
    end = min(len(data), at + rng.randint(1, 64))
    if kind < 3:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 3:
        word = rng.choice(_WORDS)
        data[at : at + len(word)] = word
    elif kind == 4:
        del data[at:end]
    elif kind == 5:
        data[at:at] = data[at:end]
    elif rng.random() < 0.3:
        del data[at:]
    return data
