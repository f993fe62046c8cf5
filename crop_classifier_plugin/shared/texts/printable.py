"""Text as it can be shown and written anywhere. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import re

# C0 and C1 controls, line and paragraph separators, what turns the direction of text around (Unicode Standard Annex 9:
# embeddings, overrides, isolates), surrogates and noncharacters. XML 1.0 (production 2) forbids most of them.
_PLANES = "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ud800-\udfff{_PLANES}]")
_NOT_SHOWN = re.compile(HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))  # tabs and line breaks are


def escaped(text: str) -> str:
    """The text with what cannot be shown as \\x1b or \\ud800."""
    return _NOT_SHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
