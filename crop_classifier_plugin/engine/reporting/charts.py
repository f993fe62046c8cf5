"""The drawings of all reports: SVG within the page, so that it needs no scripts and no outside files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree as ET

Point = tuple[float, float]  # x from the left and y from the top of the field, in the units of the drawing


class Margins(NamedTuple):
    """Room around the field for what stands beside the axes."""

    left: int
    top: int
    right: int
    bottom: float


@dataclass(frozen=True)
class Axis:
    """From values to places on an axis of `length` units: from the left, or, of an upright one, from below."""

    low: float
    high: float
    length: int
    upright: bool = False

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.length * (1 - share if self.upright else share), 1)

    def ticks(self, steps: int = 4) -> list[tuple[float, str]]:
        """Places of evenly spaced values, and these as text."""
        values = [self.low + (self.high - self.low) * i / steps for i in range(steps + 1)]
        return [(self(value), f"{value:.2f}") for value in values]


class Drawing:
    """A field of width x height units with room around it. Told to a template, it is the drawing's SVG."""

    def __init__(self, width: float, height: float, around: Margins, label: str) -> None:
        """`label` is read out to who does not see the drawing."""
        self.width, self.height = width, height
        box = (-around.left, -around.top, width + around.left + around.right, height + around.top + around.bottom)
        view = " ".join(f"{size:g}" for size in box)
        self._root = ET.Element("svg", {"viewBox": view, "role": "img", "aria-label": label})

    def add(self, tag: str, text: str = "", title: str = "", **attributes: str | float) -> ET.Element:
        """An element of SVG; `text_anchor` stands for text-anchor. The title appears when the mouse rests on it."""
        told = {name.replace("_", "-"): _told(value) for name, value in attributes.items()}
        element = ET.SubElement(self._root, tag, told)
        element.text = text or None
        if title:
            ET.SubElement(element, "title").text = title
        return element

    def size(self, width: float) -> None:
        """A width in pixels, for a drawing that is not to fill its place."""
        self._root.set("width", _told(width))

    def grid(self, ticks: Iterable[tuple[float, str]], beside: int = 8) -> None:
        """Level lines across the field, each with its value on the left."""
        for y, text in ticks:
            self.add("line", x1=0, x2=self.width, y1=y, y2=y, **{"class": "grid"})
            self.add("text", text, x=-beside, y=y + 4, text_anchor="end")

    def curve(self, points: Sequence[Point], titles: Sequence[str], name: str = "", colour: str = "") -> None:
        """A line through the points, each of which tells its title; with a colour, the line tells its `name`."""
        line = " ".join(f"{x:g},{y:g}" for x, y in points)
        stroke = {"stroke": colour or "currentColor"}
        self.add("polyline", title=name, points=line, fill="none", **{"class": "curve"}, **stroke)
        fill = {"fill": colour} if colour else {}
        for (x, y), title in zip(points, titles):
            self.add("circle", title=title, cx=x, cy=y, r=3, **fill)

    def whisker(self, x: float, high: float, low: float) -> None:
        """An upright line between two heights, with a bar at either end."""
        self.add("path", d=f"M{x:g} {high:g}V{low:g}M{x - 4:g} {high:g}h8M{x - 4:g} {low:g}h8", **{"class": "whisker"})

    def __html__(self) -> str:
        return ET.tostring(self._root, encoding="unicode")


def _told(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
