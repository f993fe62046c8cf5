"""How sure a model was, and is after its calibration, beside how right: a page and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ....shared.cards.card import Card
from ...accuracy.calibration.diagram import diagram
from ...accuracy.calibration.fit import Fitted, Judged
from ...accuracy.calibration.sample import Sample
from ...accuracy.calibration.told import told
from ...execution.outputs import Outputs
from ...reporting.json_file import write_json
from ...reporting.templates import template

REPORT_FILES = {ending: f"calibration.{ending}" for ending in ("html", "json")}


def write_reports(found: Fitted, sample: Sample, card: Card, folder: Path, out: Outputs) -> dict[str, Any]:
    """Into the model's folder; returns the document."""
    document = {
        "model": card.name,
        "simulated": card.training.simulated,
        "fitted": found.title,
        "left_out": "seasons" if found.by_season else "parcels",
        "parcels": sample.parcels,
        "pixels": sample.size,
        "series": sample.seasons,
        "error_before": found.before.pixels.error,
        "error_after": found.after.pixels.error,
        "before": _judged(found.before),
        "after": _judged(found.after),
        "classes": list(card.legend.names),
        "calibration": card.weights.calibration.to_dict(),
    }
    write_json(out, folder / REPORT_FILES["json"], document)
    page = template("calibration.html.j2", Path(__file__).parent)
    charts = [
        {"title": f"{what} {when}", "chart": diagram(getattr(judged, name), unit)}
        for what, name, unit in (("Pixels", "pixels", "px"), ("Parcels", "parcels", "parcels"))
        for when, judged in (("before", found.before), ("after", found.after))
    ]
    out.write_text(
        folder / REPORT_FILES["html"], page.render(d=document, title=card.title, headline=told(found), charts=charts)
    )
    return document


def _judged(judged: Judged) -> dict[str, Any]:
    """As JSON knows it."""
    return {
        "accuracy": judged.accuracy,
        "loss": judged.loss,
        "pixels": {"expected_error": judged.pixels.error, "bins": judged.pixels.rows()},
        "parcels": {"expected_error": judged.parcels.error, "bins": judged.parcels.rows()},
    }
