"""The report of a diagnosis as one page without scripts or outside files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....shared.metrics import METRICS
from ...reporting.templates import template
from ..calibration.diagram import diagram
from ..calibration.reliability import Reliability
from .class_bars import BARS, class_bars
from .error_layers import AGREEMENT, OUTCOMES
from .more_layers import SURENESS
from .preview import NOT_COMPARED
from .report_csv import reasons

_KAPPA_WORDS = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"), (0.0, "slight"))


@dataclass(frozen=True)
class Pictures:
    """Data URIs."""

    agreement: str
    class_map: str
    confusions: tuple[str, ...]  # as the document's largest confusions


def to_html(document: dict[str, Any], headline: str, pictures: Pictures, reliability: Reliability | None = None) -> str:
    """The document told."""
    return template("report.html.j2", Path(__file__).parent, hectares=_hectares, place=_place).render(
        d=document,
        headline=headline,
        pictures=pictures,
        bars=class_bars(document["classes"]),
        bar_keys=BARS,
        chart=diagram(reliability) if reliability else None,
        not_compared=NOT_COMPARED,
        metrics=METRICS,
        tips={
            "oa": "of the compared pixels have the same class in the map and in the reference.",
            "kappa": f"agreement beyond what chance would give: {kappa_words(document['overall']['kappa'])}. "
            "1 is perfect, 0 is chance.",
        },
        outcomes=OUTCOMES,
        sureness=SURENESS,
        agreement=AGREEMENT,
        reasons=reasons(document),
        map_name=Path(document["map"]).name,
        reference_name=Path(document["reference"]).name,
    )


def kappa_words(kappa: float | None) -> str:
    """Landis and Koch (1977), Biometrics 33: a habit of speech, not a test."""
    if kappa is None:
        return "undefined"
    return next((words for above, words in _KAPPA_WORDS if kappa > above), "no better than chance")


def _hectares(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _place(place: dict[str, Any]) -> str:
    """A point in degrees where the map's system has such, else in its own."""
    if place["longitude"] is None or place["latitude"] is None:
        return f"{place['x']:.1f}, {place['y']:.1f}"
    return f"{place['latitude']:.5f}, {place['longitude']:.5f}"
