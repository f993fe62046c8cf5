"""A CRS that the user gave a layer in QGIS (layer properties) counts in place of its file's own."""

from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsRasterLayer,
    QgsVectorLayer,
)

from crop_classifier_plugin.bridge import layers
from kits.plugin.qgis import diagnosis, run

OTHER = "EPSG:32633"


@pytest.fixture
def lesson(provider, season, tmp_path):
    return {"INPUT": season["SCENES"], "VALIDATION_INPUT": season["SCENES"], "MODEL_FOLDER": str(tmp_path / "model")}


@pytest.fixture
def truth(season, context):
    return shown(context, QgsRasterLayer(season["TRUTH"], "truth"))


@pytest.fixture
def parcels(season, context):
    return shown(context, QgsVectorLayer(season["PARCELS"], "parcels"))


def shown(context, layer):
    assert context.project().addMapLayer(layer)
    return layer


def assign(layer, crs=OTHER):
    layer.setCrs(QgsCoordinateReferenceSystem(crs))


def bare(path, folder):
    """A raster of the same pixels in a file without a CRS."""
    layer, place = QgsRasterLayer(path), folder / "bare.vrt"
    west, north = layer.extent().xMinimum(), layer.extent().yMaximum()
    place.write_text(
        f'<VRTDataset rasterXSize="{layer.width()}" rasterYSize="{layer.height()}"><GeoTransform>{west}, '
        f"{layer.rasterUnitsPerPixelX()}, 0, {north}, 0, {-layer.rasterUnitsPerPixelY()}</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><NoDataValue>0</NoDataValue><SimpleSource>'
        f"<SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )
    return str(place)


@pytest.mark.parametrize("by", ["the layer", "its id", "its file"])
def test_labels_of_a_training_carry_the_crs_that_was_assigned(lesson, truth, parcels, context, asked, by):
    given = {"the layer": lambda x: x, "its id": lambda x: x.id(), "its file": lambda x: x.source().split("|")[0]}[by]
    rasters = {"LABEL_RASTER": given(truth), "VALIDATION_LABEL_RASTER": given(truth)}
    polygons = {"LABELS": given(parcels), "FIELD": "crop_name", "VALIDATION_LABELS": given(parcels)}
    for _ in range(2):
        for labels in (rasters, polygons):
            run("train_lrtacf_net", lesson | labels, context)
        assign(truth)
        assign(parcels)
    told = [(job.labels.crs, job.validation_series[0].labels.crs) for job in asked]
    assert told == [("", ""), ("", ""), (OTHER, OTHER), (OTHER, OTHER)]
    assert [Path(job.labels.path).name for job in asked] == [Path(truth.source()).name, "parcels.gpkg"] * 2


def test_a_copy_of_selected_polygons_has_the_crs_that_was_assigned(lesson, parcels, context, asked):
    assign(parcels)
    parcels.selectByIds([feature.id() for feature in list(parcels.getFeatures())[:9]])
    chosen = QgsProcessingFeatureSourceDefinition(parcels.id(), True)
    del lesson["VALIDATION_INPUT"]
    run("train_lrtacf_net", lesson | {"LABELS": chosen, "FIELD": "crop_name"}, context)
    (job,) = asked
    copy = QgsVectorLayer(job.labels.path)
    assert (copy.featureCount(), copy.crs().authid(), job.labels.crs) == (9, OTHER, "")


def test_references_and_labels_of_the_crop_gain_carry_it_too(truth, parcels, season, context, provider, tmp_path):
    """What the job's fields from layers are: the rest of these algorithms is not asked."""
    for layer in (truth, parcels):
        assign(layer)
    field, told = {"FIELD": "crop_name"}, set()
    diagnose, gain = (provider.algorithm(name).create() for name in ("diagnose", "crop_gain"))
    for vector, parameters in ((False, {"REFERENCE": truth}), (True, {"REFERENCE_VECTOR": parcels, **field})):
        found = diagnose.inputs({"MAP": truth, **parameters}, context, None)
        told |= {found["map_crs"], found["reference"].crs}
        labels = {"LABELS": parcels, **field} if vector else {"LABELS_RASTER": truth}
        early = {"INPUT": season["SCENES"], "PREDICTIONS": season["SCENES"][:1]}
        told.add(gain.inputs({**early, **labels}, context, None)["labels"].crs)
    assert told == {OTHER}


def test_a_raster_without_a_crs_is_read_where_qgis_shows_it(provider, season, context, tmp_path):
    layer = shown(context, QgsRasterLayer(bare(season["TRUTH"], tmp_path), "bare"))
    asked = {"MAP": season["TRUTH"], "REFERENCE": layer, **diagnosis(tmp_path)}
    assign(layer, "")
    with pytest.raises(QgsProcessingException, match="has no coordinate reference system: assign one to the layer"):
        run("diagnose", asked, context)
    assign(layer, QgsRasterLayer(season["TRUTH"]).crs().authid())
    assert run("diagnose", asked, context)["OA"] == 1


def test_a_users_own_crs_is_told_in_words():
    """USER:100000 means something to this QGIS alone."""
    crs = QgsCoordinateReferenceSystem.fromProj("+proj=laea +lat_0=12 +lon_0=34 +datum=WGS84")
    crs.saveAsUserCrs("mine")
    assert crs.authid().startswith("USER:")
    assert "Lambert Azimuthal" in layers.crs_text(crs)
    assert QgsApplication.coordinateReferenceSystemRegistry().removeUserCrs(crs.srsid())
