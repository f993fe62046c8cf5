"""Frozen dataclasses from and to JSON, each wrong entry told in one sentence. Standard library only: QGIS and the
engine both import this."""

from __future__ import annotations

import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from .errors import BadInput


def build(cls: Any, data: Any) -> Any:
    """An instance of the dataclass `cls` from its dictionary; checks the names and the types."""
    if not isinstance(data, dict):
        raise BadInput(f"The job holds {data!r} where {cls.__name__} is expected: write an object there.")
    extra = sorted(set(data) - {f.name for f in fields(cls)})
    if extra:
        raise BadInput(f"The job has the unknown entry {extra[0]!r} ({cls.__name__}): remove it.")
    lacking = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
    if lacking:
        raise BadInput(f"The job lacks the entry {lacking[0]!r} ({cls.__name__}): add it.")
    hints = typing.get_type_hints(cls)
    return cls(**{key: _entry(cls, key, hints[key], value) for key, value in data.items()})


def text_of(value: Any) -> str:
    """The value. Raises TypeError for one that is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _entry(cls: Any, key: str, hint: Any, value: Any) -> Any:
    try:
        return _convert(hint, value)
    except (TypeError, OverflowError) as error:
        raise BadInput(f"The entry {key!r} of the job cannot be read ({cls.__name__}: {error}): correct it.") from None


def _convert(hint: Any, value: Any) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return None if value is None else _convert(args[0], value)
    if origin is tuple:
        return _convert_list(args, value)
    if origin is dict:  # of values that the reader checks
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} is no object")
        return value
    if is_dataclass(hint):
        return build(hint, value)
    if isinstance(value, bool) != (hint is bool) or not isinstance(value, _ACCEPTED[hint]):
        raise TypeError(f"{value!r} is no {_WORDS[hint]}")
    return hint(value)


def _convert_list(args: Any, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{value!r} is no list")
    if args[1:] == (Ellipsis,):
        return tuple(_convert(args[0], v) for v in value)
    if len(value) != len(args):
        raise TypeError(f"{value!r} is no list of {len(args)}")
    return tuple(_convert(t, v) for t, v in zip(args, value))


_ACCEPTED: dict[Any, Any] = {str: str, int: int, float: (int, float), bool: bool}
_WORDS: dict[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}
