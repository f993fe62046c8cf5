"""The report of an evaluation: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....shared.jobs.fusion import EvaluateFusionJob
from ...execution.outputs import Outputs
from ...raster.grid import Grid
from ...reporting.charts import Drawing, Margins
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.templates import template
from .metrics import BINS, Figures

_PLOT = 4  # SVG units a bin
_LIGHT, _DARK = (222, 235, 247), (8, 48, 107)  # of few and many pixels


@dataclass(frozen=True)
class ImageRow:
    """One estimate of the real image."""

    name: str
    path: str
    figures: Figures
    scatter: NDArray[np.int64]  # (truth, estimate)


@dataclass(frozen=True)
class FusionFacts:
    """Everything that an evaluation found. The fused image is the first row, what needs no fusion follows."""

    band: str
    day: str
    truth: str
    grid: Grid
    pixels: int
    data_range: float
    low: float  # of the scatter plots
    high: float
    rows: tuple[ImageRow, ...]
    simulated: bool

    def document(self) -> dict[str, Any]:
        """The report as JSON knows it; undefined figures are None."""
        return {
            "band": self.band,
            "date": self.day,
            "truth": self.truth,
            "simulated": self.simulated,
            "grid": {"crs": self.grid.crs.to_string(), "width": self.grid.width, "height": self.grid.height},
            "pixels": self.pixels,
            "ssim": {"window": "11 x 11, Gaussian, sigma 1.5", "K1": 0.01, "K2": 0.03, "data_range": self.data_range},
            "images": [{"name": r.name, "path": r.path, **_defined(r.figures)} for r in self.rows],
            "rule": RULE,
        }

    def lines(self) -> list[str]:
        """One line an image, and what they say about the fused one."""
        lines = [
            f"{r.name}: RMSE {r.figures.rmse:.4f}, bias {r.figures.bias:+.4f}, SSIM {r.figures.ssim:.4f} "
            f"(L = {self.data_range:g})"
            for r in self.rows
        ]
        return [*lines, self.verdict()]

    def verdict(self) -> str:
        fused, better = self.rows[0], [r.name for r in self.rows[1:] if r.figures.rmse <= self.rows[0].figures.rmse]
        if better:
            return f"By RMSE the fused image is no better than: {' and '.join(better)}. Fusion does not pay here."
        return f"By RMSE ({fused.figures.rmse:.4f}) the fused image is better than all that needs no fusion."


RULE = "Only pixels that have a value in all of the images are compared; bias is the mean of estimate - real image."


def write_reports(facts: FusionFacts, job: EvaluateFusionJob, out: Outputs) -> None:
    document = facts.document()
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    out.write_text(job.report_html, to_html(document, facts))


def to_csv(document: dict[str, Any]) -> str:
    """One row an image; empty = undefined."""
    table = CsvTable()
    names = ("rmse", "bias", "correlation", "ssim", "ssim_255")
    table.writerow(["image", *names, "ssim_data_range", "pixels"])
    for row in document["images"]:
        cells = ["" if row[n] is None else f"{row[n]:.6f}" for n in names]
        table.writerow([row["name"], *cells, document["ssim"]["data_range"], document["pixels"]])
    return table.text


def to_html(document: dict[str, Any], facts: FusionFacts) -> str:
    """One page without scripts or outside files."""
    ends = f"{facts.low:.3g}", f"{facts.high:.3g}"
    plots = [{"name": r.name, "drawing": _scatter_plot(r, document["band"], ends)} for r in facts.rows]
    page = template("report.html.j2", Path(__file__).parent, decimal=lambda v: "–" if v is None else f"{v:.4f}")
    return page.render(d=document, verdict=facts.verdict(), plots=plots)


def _scatter_plot(row: ImageRow, band: str, ends: tuple[str, str]) -> Drawing:
    """The real image to the right, the estimate upwards; on the diagonal they are equal. `ends` of both axes."""
    side = BINS * _PLOT
    drawing = Drawing(side, side, Margins(34, 8, 10, 36), f"Scatter plot of {row.name}")
    drawing.add("rect", width=side, height=side, fill="#fff", stroke="#9aa59d")
    for x, y, colour in cells(row.scatter):
        drawing.add("rect", x=x, y=y, width=_PLOT, height=_PLOT, fill=colour)
    drawing.add("path", d=f"M0 {side}L{side} 0", stroke="#d73027", stroke_width=1)
    drawing.add("text", ends[0], x=0, y=side + 14)
    drawing.add("text", ends[1], x=side, y=side + 14, text_anchor="end")
    drawing.add("text", f"real {band}", x=side / 2, y=side + 28, text_anchor="middle")
    drawing.add("text", ends[0], x=-4, y=side, text_anchor="end")
    drawing.add("text", ends[1], x=-4, y=9, text_anchor="end")
    return drawing


def cells(scatter: NDArray[np.int64]) -> list[tuple[int, int, str]]:
    """x, y (from the top) and colour of every bin that has pixels; the colour tells the logarithm of their number."""
    most = math.log1p(int(scatter.max()))
    found = []
    for x, y in np.argwhere(scatter).tolist():
        share = math.log1p(int(scatter[x, y])) / most
        rgb = (round(a + (b - a) * share) for a, b in zip(_LIGHT, _DARK))
        found.append((x * _PLOT, (BINS - 1 - y) * _PLOT, "#{:02x}{:02x}{:02x}".format(*rgb)))
    return found


def _defined(figures: Figures) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in asdict(figures).items()}
