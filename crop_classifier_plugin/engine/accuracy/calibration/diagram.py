"""The reliability diagram: accuracy over confidence."""

from __future__ import annotations

from ...reporting.charts import Axis, Drawing, Margins
from .reliability import Reliability

_SIDE = 320  # units of the drawing


def diagram(reliability: Reliability, unit: str = "px") -> Drawing:
    """Accuracy over confidence: on the diagonal a map is as right as it is sure; below, it is too sure.

    `unit`: what was counted."""
    drawing = Drawing(_SIDE, _SIDE, Margins(52, 12, 20, 44), "Accuracy over confidence")
    across, up = Axis(0, 1, _SIDE), Axis(0, 1, _SIDE, upright=True)
    drawing.grid(up.ticks())
    for x, text in across.ticks():
        drawing.add("text", text, x=x, y=_SIDE + 18, text_anchor="middle")
    drawing.add("text", "confidence", x=_SIDE / 2, y=_SIDE + 36, text_anchor="middle")
    drawing.add("line", x1=0, y1=_SIDE, x2=_SIDE, y2=0, stroke="#888", stroke_dasharray="4 4")
    rows = [row for row in reliability.rows() if row["pixels"]]
    sides = [(row["pixels"], float(row["confidence"] or 0), float(row["accuracy"] or 0)) for row in rows]
    points = [(across(sure), up(right)) for _, sure, right in sides]
    titles = [f"{n:,} {unit}: sure by {100 * sure:.0f} %, right {100 * right:.0f} %" for n, sure, right in sides]
    drawing.curve(points, titles)
    drawing.size(_SIDE + 72)
    return drawing
