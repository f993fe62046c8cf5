"""Well-known binary of others: GEOS reads collections in collections by calling itself, until the stack is used up."""

from __future__ import annotations

import struct

_POINT, _LINE, _POLYGON = 1, 2, 3
_SRID = 0x20000000  # EWKB: a number of the CRS stands before all else
_MANY = {4: _POINT, 5: _LINE, 6: _POLYGON}  # type of a collection of one kind -> of its parts


def flat(wkb: bytes | None) -> bytes | None:
    """The geometry, None for what is neither a point, a line, a polygon nor several of one of these."""
    if wkb is None or len(wkb) < 9:
        return None
    order, kind, _ = _head(wkb, 0)
    if kind in (_POINT, _LINE, _POLYGON):
        return wkb
    part = _MANY.get(kind)
    if part is None:
        return None
    at = 5 if not struct.unpack_from(order + "I", wkb, 1)[0] & _SRID else 9
    try:
        return wkb if _is_of(wkb, part, at) else None
    except struct.error:  # it ends too early
        return None


def _is_of(wkb: bytes, part: int, at: int) -> bool:
    """Whether all of its parts, whose number stands at `at`, are of that type."""
    (count,) = struct.unpack_from(_head(wkb, 0)[0] + "I", wkb, at)
    at += 4
    for _ in range(count):
        order, kind, numbers = _head(wkb, at)
        if kind != part:
            return False
        at = _end(wkb, at + 5, order, kind, numbers * 8)
    return True


def _head(wkb: bytes, at: int) -> tuple[str, int, int]:
    """Byte order, type without its extra axes (flags of EWKB, thousands of ISO), and numbers of a position."""
    order = "<" if wkb[at : at + 1] == b"\x01" else ">"
    (told,) = struct.unpack_from(order + "I", wkb, at + 1)
    thousands = (told & 0xFFFF) // 1000
    more = bin(told >> 30).count("1") or (0, 1, 1, 2)[min(thousands, 3)]
    return order, (told & 0xFFFF) % 1000, 2 + more


def _end(wkb: bytes, at: int, order: str, kind: int, size: int) -> int:
    """Where the part ends whose numbers begin at `at`."""
    if kind == _POINT:
        return at + size
    (count,) = struct.unpack_from(order + "I", wkb, at)
    at += 4
    if kind == _LINE:
        return int(at + count * size)
    for _ in range(count):
        (points,) = struct.unpack_from(order + "I", wkb, at)
        at += 4 + points * size
    return at
