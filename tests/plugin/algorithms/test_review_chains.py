"""The chains of a review, from the toolbox: a map and what to look at, then what is learnt from the answers."""

from pathlib import Path

from qgis.core import QgsRasterLayer, QgsVectorLayer, edit

from crop_classifier_plugin.shared.cards.files import load_card
from kits.plugin.qgis import run, values

CLASSIFIED = {
    "crop_map": "map.tif",
    "confidence": "confidence.tif",
    "agreement": "agreement.tif",
    "report": "report.html",
    "parcels_with_their_crop": "parcels.gpkg",
    "report_of_the_parcels": "parcels.html",
    "review_list": "review.gpkg",
}
LEARNT = {
    "corrected_map": "corrected.tif",
    "labels": "labels.gpkg",
    "cleaned_labels": "cleaned.gpkg",
    "report": "review.html",
    "model": "forest",
}


def _into(folder: Path, files: dict[str, str]) -> dict[str, str]:
    return {name: str(folder / file) for name, file in files.items()}


def _answer(path: str, truth: dict[str, str]) -> int:
    """Says of the first twelve parcels of the list what grows there; the number that the map had wrong."""
    layer, changed = QgsVectorLayer(f"{path}|layername=review", "review", "ogr"), 0
    first = sorted(layer.getFeatures(), key=lambda feature: -feature["priority"])[:12]
    with edit(layer):
        for feature in first:
            name = truth[feature["uid"]]
            wrong = feature["map_name"] != name
            feature["status"], changed = ("relabelled" if wrong else "accepted"), changed + wrong
            feature["review_name"] = name
            layer.updateFeature(feature)
    return changed


def test_from_scenes_to_a_review_and_from_its_answers_to_a_model(
    provider, season, card, context, qgis_process, tmp_path
):
    asked = {"INPUT": season["SCENES"], "MODEL": card.name, "PARCELS": season["PARCELS"], "DECLARED": "crop_name"}
    outputs = _into(tmp_path, CLASSIFIED)
    told = run("classify_to_review", asked | {"ID": "parcel_id"} | outputs, context)
    assert outputs.items() <= told.items()
    assert all(Path(path).is_file() for path in outputs.values())
    parcels = QgsVectorLayer(season["PARCELS"], "parcels", "ogr")
    assert QgsVectorLayer(outputs["parcels_with_their_crop"], "parcels", "ogr").featureCount() == parcels.featureCount()
    truth = {str(feature["parcel_id"]): feature["crop_name"] for feature in parcels.getFeatures()}
    changed = _answer(outputs["review_list"], truth)
    assert changed > 0

    inputs = {"MAP": outputs["crop_map"], "REVIEW": f"{outputs['review_list']}|layername=review"}
    learnt = _into(tmp_path, LEARNT)
    status, results, printed = qgis_process(
        "cropclassifier:learn_from_review", inputs | {"INPUT": season["SCENES"]} | learnt, timeout=300
    )
    assert status == 0, printed
    assert learnt.items() <= results.items()
    labels, cleaned = (QgsVectorLayer(learnt[name], name, "ogr") for name in ("labels", "cleaned_labels"))
    assert labels.featureCount() == 12  # nobody looked at the others
    listed = QgsVectorLayer(f"{outputs['review_list']}|layername=review", "review", "ogr")
    assert {f["uid"]: f["crop"] for f in cleaned.getFeatures()} == {
        f["uid"]: truth[f["uid"]] for f in listed.getFeatures()
    }
    assert set(load_card(tmp_path / "forest").legend.names) == set(truth.values())
    assert values(learnt["corrected_map"]) != values(outputs["crop_map"])
    assert QgsRasterLayer(learnt["corrected_map"]).isValid()
