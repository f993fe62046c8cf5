"""How good each class is, as bars with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...reporting.charts import Axis, Drawing, Margins

_LENGTH, _BAR, _GAP = 420, 11, 12  # units of the drawing
BARS = (  # figure, title, colour: told apart by colour-blind eyes and in print
    ("recall", "Producer's accuracy (recall)", "#1b6b3a"),
    ("precision", "User's accuracy (precision)", "#5aa9d6"),
    ("f1", "F1", "#9a9a9a"),
)
_NAME, _LONGEST = 8, 28  # units of a letter, and letters of a name
_INK = "#1d2a21"


def class_bars(rows: Sequence[dict[str, Any]]) -> Drawing:
    """Of a document's rows of classes; a figure that is undefined has no bar."""
    step = len(BARS) * _BAR + _GAP
    room = _NAME * max((len(_short(row["name"])) for row in rows), default=0)
    height = len(rows) * step
    drawing = Drawing(_LENGTH, height, Margins(room + 14, 8, 24, 26), "Accuracy of each class")
    axis = Axis(0, 1, _LENGTH)
    for x, text in axis.ticks():
        drawing.add("line", x1=x, x2=x, y1=0, y2=height, stroke="#d9e0da")
        drawing.add("text", text, x=x, y=height + 18, text_anchor="middle", fill="#5b6a60")
    for number, row in enumerate(rows):
        top = number * step + _GAP / 2
        drawing.add("text", _short(row["name"]), x=-8, y=top + step / 2 - 2, text_anchor="end", fill=_INK)
        for place, (figure, title, colour) in enumerate(BARS):
            _bar(drawing, axis, (top + place * _BAR, colour), (row, figure, title))
    drawing.size(_LENGTH + room + 38)
    return drawing


def _bar(drawing: Drawing, axis: Axis, look: tuple[float, str], of: tuple[dict[str, Any], str, str]) -> None:
    (y, colour), (row, figure, title) = look, of
    value, interval = row[figure], row[f"{figure}_interval"]
    if value is None:
        return
    told = f"{row['name']}, {title}: {value:.3f}"
    told += f", 95 % interval {interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
    drawing.add("rect", title=told, x=0, y=y, width=axis(value), height=_BAR - 2, fill=colour)
    if interval:
        low, high, middle = axis(interval[0]), axis(interval[1]), y + _BAR / 2 - 1
        path = f"M{low:g} {middle:g}H{high:g}M{low:g} {middle - 3:g}v6M{high:g} {middle - 3:g}v6"
        drawing.add("path", d=path, stroke=_INK, fill="none", stroke_width=1.2)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
