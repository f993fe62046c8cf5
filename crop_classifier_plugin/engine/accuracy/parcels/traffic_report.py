"""What a check of declarations tells, beside what a summary of parcels does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from ....shared.jobs.accuracy import CheckDeclarationsJob
from ....shared.legend import plain
from ...execution.outputs import Outputs
from ...reporting.csv_table import CsvTable
from ...reporting.json_file import write_json
from ...reporting.sentences import listed
from ...reporting.templates import percent, template
from .lights import LIGHTS, Checked
from .parcel_report import ParcelFacts, to_csv


def write_light_reports(
    facts: ParcelFacts, checked: Checked, job: CheckDeclarationsJob, out: Outputs
) -> dict[str, Any]:
    """The document at the places that the job names; returns it."""
    document = facts.document() | _lights(facts, checked, job)
    write_json(out, job.report_json, document)
    if job.report_csv:
        out.write_text(job.report_csv, _csv(document) + "\n" + to_csv(document))
    if job.report_html:
        page = template("declarations.html.j2", Path(__file__).parent)
        names = {"map_name": Path(job.maps.class_map).name, "parcels_name": Path(job.parcels.path).name}
        out.write_text(job.report_html, page.render(d=document, **names))
    return document


def _lights(facts: ParcelFacts, checked: Checked, job: CheckDeclarationsJob) -> dict[str, Any]:
    counts = Counter(checked.lights)
    areas = facts.table["area_ha"].to_numpy(float)
    lights = list(zip(checked.lights, areas.tolist()))
    return {
        "lights": {light: counts[light] for light in LIGHTS},
        "light_hectares": {light: sum(area for each, area in lights if each == light) for light in LIGHTS},
        "false_alarms": job.false_alarms,
        "reference_parcels": checked.reference,
        "by_crop": _by_crop(facts, checked),
        "on_the_spot": _on_the_spot(facts, checked) if job.found_field else None,
        "light_notes": _notes(checked, job),
    }


def _by_crop(facts: ParcelFacts, checked: Checked) -> list[dict[str, Any]]:
    pairs = Counter(zip(facts.table["declared_name"], checked.lights))
    names = sorted({name for name, light in pairs if light})
    return [{"declared": name, **{light: pairs[name, light] for light in LIGHTS}} for name in names]


def _on_the_spot(facts: ParcelFacts, checked: Checked) -> dict[str, dict[str, int]]:
    """Parcels that somebody has seen: right and wrong declarations by light."""
    told = {word: dict.fromkeys(LIGHTS, 0) for word in ("right", "wrong")}
    for found, declared, light in zip(checked.found, facts.table["declared_name"], checked.lights):
        if found and light:
            told["right" if plain(found) == plain(str(declared)) else "wrong"][light] += 1
    return told


def _notes(checked: Checked, job: CheckDeclarationsJob) -> list[str]:
    rate = percent(job.false_alarms)
    if job.found_field:
        base = f"the {checked.reference:,} parcels whose declaration was found right"
        notes = [f"Of right declarations at most {rate} turn red, as far as they are like {base}."]
    else:
        notes = [
            f"At most {rate} of all {checked.reference:,} declared parcels turn red: where wrong declarations are few, "
            "that bounds the false alarms too. Give the crop found on the spot for a limit that rests on right ones."
        ]
    if checked.pooled:
        notes.append(
            f"Too few parcels of their own to set a limit by have {listed(checked.pooled)}: all crops' were taken."
        )
    return notes


def _csv(document: dict[str, Any]) -> str:
    """The lights by crop and over all."""
    table = CsvTable()
    table.writerow(["declared", *LIGHTS])
    for row in document["by_crop"]:
        table.writerow([row["declared"], *(row[light] for light in LIGHTS)])
    table.writerow(["all", *(document["lights"][light] for light in LIGHTS)])
    return table.text
