"""Characters that no name may hold: what XML cannot say, what hides or turns text around, and halves of characters.
One rule for class names, documents and sentences. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..errors import BadInput
from .printable import HIDDEN

_NO_FILE = re.compile("[\x00\ud800-\udfff]")  # what no path can hold, or none that libraries can be given
_LONGEST = 60  # letters of a text that are shown (choice)


def clean(text: str) -> str:
    """The text with a space in place of what no name may hold; as it is where there is none of that."""
    return HIDDEN.sub(" ", text).strip() if HIDDEN.search(text) else text


def check_name(what: str, text: str) -> None:
    """Raises BadInput for a name with such a character; `what` says whose it is."""
    if HIDDEN.search(text):
        raise BadInput(f"{what} {text[:_LONGEST]!r} holds a control character, or half of a character: write it anew.")


def check_path(what: str, text: str) -> None:
    """Raises BadInput for what can be no path and no text of a job; `what` names its field."""
    if _NO_FILE.search(text):
        raise BadInput(
            f"The {what} {text[:_LONGEST]!r} holds a character that is none (a null character, or a name that "
            "is not UTF-8): rename the file, or write it anew."
        )


def check_document(value: Any) -> None:
    """Raises BadInput for a document, as JSON gives it, with such a character in any of its texts but line breaks."""
    for text in _texts(value):
        check_name("The text", text.translate(_BREAKS))


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple)):
            waiting += each


_BREAKS = dict.fromkeys(map(ord, "\t\n\r\u2028\u2029"), " ")
