"""Templates of the reports, and how their figures are written."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

_SHARED = Path(__file__).parent  # style and tables of all reports


def template(name: str, folder: Path, **filters: Callable[[Any], str]) -> jinja2.Template:
    """A page's template in `folder`, with this room's style and tables at hand; `filters` go over its own formats."""
    loader = jinja2.FileSystemLoader([folder, _SHARED])
    env = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    env.filters |= {"number": lambda n: f"{n:,}", "decimal": decimal, "percent": percent, **filters}
    return env.get_template(name)


def decimal(value: float | None) -> str:
    """Three decimals; a dash where the figure is undefined."""
    return "–" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def defined(value: float) -> float | None:
    return None if math.isnan(value) else value
