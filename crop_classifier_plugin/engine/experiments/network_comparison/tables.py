"""The tables of the comparison, from the results that it keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...accuracy.confusion import Confusion
from .entrants import ENTRANTS, Entrant
from .square import SHARE_OF

Result = dict[str, Any]
Results = dict[tuple[str, str, float], list[Result]]  # of an entrant, a side and a share of parcels: one a seed
Figure = Callable[[Result], float]


def pixel_oa(result: Result) -> float:
    return _confusion(result).oa


def mean_f1(result: Result) -> float:
    return _confusion(result).mean_f1


def parcel_oa(result: Result) -> float:
    return float(np.mean([truth == found for truth, found in result["parcels"]]))


def mapped_share(result: Result) -> float:
    total = _confusion(result).total
    return total / (total + int(result["unmapped"]))


def _confusion(result: Result) -> Confusion:
    return Confusion(np.array(result["confusion"], np.int64))


def read(files: dict[tuple[str, str, float], list[Path]]) -> Results:
    """What is there of the files."""
    found = {
        key: [json.loads(f.read_text(encoding="utf-8")) for f in each if f.exists()] for key, each in files.items()
    }
    return {key: results for key, results in found.items() if results}


# --- the tables ------------------------------------------------------------------------------------------------------


def main_table(results: Results) -> list[str]:
    """A table a direction: every entrant."""
    lines = []
    for side in SHARE_OF:
        lines += [f"### {side.capitalize()}ern parcels held out", "", *_facts(results, side)]
        head = ["", "series", "parameters", "pixel OA", "parcel OA", "mean F1", "seeds"]
        rows = []
        for e in ENTRANTS:
            here = results.get((e.name, side, 1.0), [])
            figures = [_cell(here, f) for f in (pixel_oa, parcel_oa, mean_f1)]
            size = f"{here[0]['parameters']:,}" if here and here[0]["parameters"] else ""
            rows.append([e.title, e.series, size, *figures, str(len(here))])
        lines += [*_table(head, rows), _verdict(results, side), ""]
    return lines


def ablation(results: Results) -> list[str]:
    names = ("model_1", "model_3", "model_7", "model_9")
    return _by_side(results, [e for e in ENTRANTS if e.name in names], lambda e: [e.title])


def modalities(results: Results) -> list[str]:
    chosen = [e for e in ENTRANTS if e.network == "attention_3dcnn" or e.trees]
    return _by_side(results, chosen, lambda e: [f"{e.title}, {e.series}"])


def label_efficiency(results: Results, shares: Sequence[float]) -> list[str]:
    head = ["", "series", *(f"{f} at {share:.0%}" for share in (*shares, 1) for f in ("pixel OA", "mean F1"))]
    rows = []
    for e in ENTRANTS:
        if e.thinned:
            each = [results.get((e.name, "south", float(share)), []) for share in (*shares, 1)]
            rows.append([e.title, e.series, *(_cell(here, f) for here in each for f in (pixel_oa, mean_f1))])
    return _table(head, rows)


def cloud_robustness(results: Results, rates: Sequence[float]) -> list[str]:
    """Pixel accuracy without a share of the optical dates, in both directions."""
    lines = []
    for side in SHARE_OF:
        head = [f"{side} held out", "series", *(f"{rate:g} dropped" for rate in (0, *rates))]
        rows = []
        for e in ENTRANTS:
            if e.gaps:
                here = results.get((e.name, side, 1.0), [])
                rows.append([e.title, e.series, _cell(here, pixel_oa), *(_gaps(here, rate) for rate in rates)])
        lines += _table(head, rows)
    return lines


def _gaps(results: list[Result], rate: float) -> str:
    drawn = [found for r in results for found in r.get("gaps", {}).get(str(rate), [])]
    mapped = [found for found in drawn if _confusion(found).total]
    return _cell(mapped, pixel_oa) if mapped else "no map" if drawn else ""


def _by_side(results: Results, chosen: Sequence[Entrant], name: Callable[[Entrant], list[str]]) -> list[str]:
    head = ["", *(f"{figure}, {side} held out" for side in SHARE_OF for figure in ("pixel OA", "mean F1"))]
    rows = []
    for e in chosen:
        each = [results.get((e.name, side, 1.0), []) for side in SHARE_OF]
        rows.append([*name(e), *(_cell(here, f) for here in each for f in (pixel_oa, mean_f1))])
    return _table(head, rows)


def _facts(results: Results, side: str) -> list[str]:
    """What is tested, and how much of it nobody could know."""
    here, there = (_reference(results, s) for s in (side, *(s for s in SHARE_OF if s != side)))
    if not (here.any() and there.any()):
        return []
    unknown = int(here[there == 0].sum())
    limit = (
        f" {unknown} px are of crops that no parcel of the other side has: at best the pixel OA is "
        f"{1 - unknown / here.sum():.3f} and the mean F1 {np.count_nonzero(here * there) / np.count_nonzero(here):.3f}."
    )
    return [f"{here.sum()} px of {np.count_nonzero(here)} crops.{limit if unknown else ''}", ""]


def _reference(results: Results, side: str) -> NDArray[np.int64]:
    """(K,) pixels a class among the held-out parcels."""
    found = [np.array(r["confusion"]).sum(axis=1) for key, each in results.items() if key[1] == side for r in each]
    return np.max(found, axis=0) if found else np.zeros(1, np.int64)


def _verdict(results: Results, side: str) -> str:
    means = {e: np.mean([pixel_oa(r) for r in results[e.name, side, 1.0]]) for e in _there(results, side)}
    forests = {e: v for e, v in means.items() if e.trees or e.network == "random_forest"}
    networks = {e: v for e, v in means.items() if e not in forests}
    if not (forests and networks):
        return ""
    first, rival = (max(group, key=lambda e: group[e]) for group in (networks, forests))
    word = "above" if networks[first] > forests[rival] else "below"
    return (
        f"Best network: {first.title}, {first.series} ({networks[first]:.3f}), {word} the best forest, {rival.title}, "
        f"{rival.series} ({forests[rival]:.3f}), by the mean of pixel OA."
    )


def _there(results: Results, side: str) -> list[Entrant]:
    return [e for e in ENTRANTS if (e.name, side, 1.0) in results]


def _cell(results: Sequence[Result], figure: Figure) -> str:
    """Mean (lowest..highest)."""
    values = np.array([figure(r) for r in results])
    if not len(values):
        return ""
    spread = f" ({values.min():.3f}..{values.max():.3f})" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return [lines[0], f"|{'---|' * len(head)}", *lines[1:], ""]
