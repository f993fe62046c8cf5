"""The report of maps side by side: one document, written as JSON, CSV and HTML, so that all three say the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....shared.jobs.compare_maps import CompareMapsJob
from ....shared.metrics import METRICS
from ...execution.outputs import Outputs
from ...labels.open_labels import Labels
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.sentences import listed
from ...reporting.templates import defined, template
from ..class_rows import class_row
from ..confusion import RULE
from .map_stack import MapStack
from .pairs import McNemar
from .tally import Pair, Tally


@dataclass(frozen=True, eq=False)
class Compared:
    """What was counted of which maps."""

    stack: MapStack
    tally: Tally
    reference: Labels | None

    @property
    def used(self) -> list[int]:
        """The classes that a map or the reference has anywhere on the compared pixels, or a map elsewhere."""
        found = {place for each in self.stack.maps for place in each.places[each.crop_map.pixels > 0].tolist()}
        if self.reference is not None:
            found |= set(np.flatnonzero(self.tally.against(0).n.sum(axis=1)).tolist())
        return sorted(found)


def document_of(job: CompareMapsJob, compared: Compared) -> dict[str, Any]:
    """The whole report as JSON knows it; undefined figures are None."""
    stack, tally, reference = compared.stack, compared.tally, compared.reference
    used = compared.used
    classes = [stack.classes.all[place] for place in used]
    notes = (*stack.notes, *(reference.notes if reference else ()), *_missing(compared))
    return {
        "reference": job.reference.path if job.reference else None,
        "simulated": stack.simulated or bool(reference and reference.simulated),
        "pixels": tally.compared,
        "hectares": defined(tally.compared_hectares),
        "left_out": [{"why": why, "pixels": pixels} for why, pixels in tally.left_out.items()],
        "classes": [{"name": crop.name, "colour": crop.colour} for crop in classes],
        "axes": {"rows": "reference", "columns": "map"} if reference else None,
        "maps": [_map(job, compared, number, used) for number in range(len(stack.maps))],
        "pairs": [_pair(compared, pair, used) for pair in tally.pairs],
        "rule": RULE,
        "notes": list(dict.fromkeys(notes)),
        "job": {"kind": job.kind, **asdict(job)},
    }


def _missing(compared: Compared) -> tuple[str, ...]:
    """What to say of classes of the reference that no map knows."""
    if compared.reference is None:
        return ()
    known = {place for each in compared.stack.maps for place in each.places.tolist()}
    pixels = compared.tally.against(0).n.sum(axis=1)
    missing = [
        f"{compared.stack.classes.all[place].name}: {pixels[place]:,} px"
        for place in np.flatnonzero(pixels).tolist()
        if place not in known
    ]
    told = (
        f"Counted as wrong in every map, because none has such a class: {listed(missing)}. If they are other words for "
    )
    return (f"{told}classes of the maps, say which means which in the mapping.",) if missing else ()


def _map(job: CompareMapsJob, compared: Compared, number: int, used: list[int]) -> dict[str, Any]:
    stack, tally = compared.stack, compared.tally
    each = stack.maps[number]
    first, second = tally.pairs[max(number - 1, 0)]  # pairs begin with 0-1, 0-2, ...: map k is the second of pair k - 1
    counted = tally.between((first, second)).n.sum(axis=0 if number else 1)
    hectares = each.hectares(len(stack.classes.all))
    row: dict[str, Any] = {
        "name": each.name,
        "path": job.maps[number].path,
        "compared_pixels": counted[used].tolist(),
        "hectares": [defined(value) for value in hectares[used].tolist()],
        "figures": None,
        "scores": None,
        "matrix": None,
    }
    if compared.reference is None:
        return row
    confusion = tally.against(number)
    scores = confusion.scores()
    return row | {
        "figures": {key: defined(value) for key, value in confusion.figures().items()},
        "scores": [class_row(stack.classes.all[place], scores[place]) for place in used],
        "matrix": confusion.n[np.ix_(used, used)].tolist(),
    }


def _pair(compared: Compared, pair: Pair, used: list[int]) -> dict[str, Any]:
    tally, (a, b) = compared.tally, pair
    confusion = tally.between(pair)
    test = McNemar(tally.only[a, b], tally.only[b, a]) if compared.reference is not None else None
    scores = confusion.scores()
    return {
        "first": compared.stack.maps[a].name,
        "second": compared.stack.maps[b].name,
        "agreement": defined(confusion.oa),
        "kappa": defined(confusion.kappa),
        "class_agreement": [defined(scores[place].iou) for place in used],  # pixels of both / pixels of either
        "mcnemar": test
        and {
            "only_first_right": test.only_first,
            "only_second_right": test.only_second,
            "statistic": test.statistic,
            "p": test.p,
            "test": "exact" if test.exact else "chi-squared",
        },
    }


def write_compare_reports(job: CompareMapsJob, document: dict[str, Any], out: Outputs) -> None:
    """The document at the three places that the job names."""
    write_json(out, job.report_json, document)
    out.write_text(job.report_csv, to_csv(document))
    page = template("compare_maps.html.j2", Path(__file__).parent, p=p_value, hectares=hectares)
    out.write_text(job.report_html, page.render(d=document, metrics=METRICS))


def p_value(value: float) -> str:
    """Four decimals; what is smaller is said to be."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def hectares(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def to_csv(document: dict[str, Any]) -> str:
    """Tables with a blank line between them: figures, F1 by class, hectares, pairs, matrices. Empty = undefined."""
    table = CsvTable()
    maps, classes = document["maps"], document["classes"]
    names = [each["name"] for each in maps]
    if document["reference"]:
        _rows(table, ["figure", *names], [[METRICS[k].name, *(_cell(m["figures"][k]) for m in maps)] for k in METRICS])
        f1 = [[c["name"], *(_cell(m["scores"][i]["f1"]) for m in maps)] for i, c in enumerate(classes)]
        _rows(table, ["F1", *names], f1)
    areas = [[c["name"], *(_cell(m["hectares"][i]) for m in maps)] for i, c in enumerate(classes)]
    _rows(table, ["hectares of the whole map by pixel counting", *names], areas)
    pixels = [[c["name"], *(m["compared_pixels"][i] for m in maps)] for i, c in enumerate(classes)]
    _rows(table, ["compared pixels", *names], pixels)
    _pairs(table, document)
    for each in maps if document["reference"] else ():
        head = [f"{each['name']}: reference \\ map", *(c["name"] for c in classes)]
        _rows(table, head, [[c["name"], *row] for c, row in zip(classes, each["matrix"])])
    left_out = [[row["why"], row["pixels"]] for row in document["left_out"]]
    _rows(table, ["not compared", "pixels"], [*left_out, ["compared", document["pixels"]]])
    return table.text


def _pairs(table: Any, document: dict[str, Any]) -> None:
    head = ["first", "second", "agreement", "kappa"]
    tests = ["only first right", "only second right", "test", "statistic", "p"] if document["reference"] else []
    rows = []
    for pair in document["pairs"]:
        row = [pair["first"], pair["second"], _cell(pair["agreement"]), _cell(pair["kappa"])]
        if test := pair["mcnemar"]:
            row += [test["only_first_right"], test["only_second_right"], test["test"]]
            row += [_cell(test["statistic"]), f"{test['p']:.6g}"]
        rows.append(row)
    _rows(table, head + tests, rows)


def _rows(table: Any, head: list[str], rows: list[list[Any]]) -> None:
    table.writerows([head, *rows, []])


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
