"""Parts of sentences to the user."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 10  # things named in a sentence before it says "and more" (choice)


def listed(things: Iterable[object], between: str = ", ") -> str:
    """As "a, b, c", cut after ten; "" for nothing."""
    words = [str(thing) for thing in things]
    return between.join(words[:_MOST]) + (f" and {len(words) - _MOST:,} more" if len(words) > _MOST else "")
