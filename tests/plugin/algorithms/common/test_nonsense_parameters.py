"""Law of every algorithm: parameters that make no sense end in one sentence, before anything is run or when it is."""

import random

import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProperty,
    QgsRectangle,
    QgsReferencedRectangle,
)

from crop_classifier_plugin.bridge import runner
from crop_classifier_plugin.shared.errors import CropClassifierError
from crop_classifier_plugin.shared.jobs import registry
from kits.mutations.values import NUMBERS, TEXTS
from kits.plugin.ids import ALGORITHMS
from kits.plugin.qgis import Recorder

TRIALS = 40  # of each algorithm
WITHOUT_JOB = ("setup_engine", "about_engine")  # one starts pip, the other tells what is installed


def odd(rng, folder):
    """A value of any type that a script may hand to a parameter."""
    utm = QgsCoordinateReferenceSystem("EPSG:32631")
    others = [
        *(None, [], [None], ["a", 1], {}, {"a": 1}, True, QgsProperty.fromExpression("1 +"), [str(folder)]),
        *(QgsRectangle(0, 0, 0, 0), QgsReferencedRectangle(QgsRectangle(5e5, 5.6e6, 5e5 + 1, 5.6e6 + 1), utm), utm),
        *("0,1,0,1 [EPSG:32631]", "nan,nan,nan,nan", str(folder / "none.tif"), str(folder / "none.gpkg|layername=x")),
        *(QgsProcessingOutputLayerDefinition(str(folder / "o.tif")), QgsCoordinateReferenceSystem()),
    ]
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), rng.choice(others)])


@pytest.fixture
def unasked(monkeypatch):
    """The engine is not in question: a job that would reach it is written down, and then refused."""

    def run(job, feedback, reads):
        registry.dump(job)
        raise CropClassifierError("The engine is not asked.")

    monkeypatch.setattr(runner, "run", run)


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name not in WITHOUT_JOB])
def test_nonsense_ends_in_one_sentence(provider, unasked, context, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # where relative outputs would go
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"cropclassifier:{name}")
    for seed in range(TRIALS):
        rng = random.Random(f"{name} {seed}")
        asked = {p.name(): odd(rng, tmp_path) for p in algorithm.parameterDefinitions() if rng.random() < 0.6}
        passed, said = algorithm.checkParameterValues(asked, context)
        if not passed:
            assert said.strip(), asked
            continue
        with pytest.raises(QgsProcessingException) as caught:
            algorithm.create().run(asked, context, Recorder(), {}, False)
        assert str(caught.value).strip(), asked
        assert "Traceback" not in str(caught.value), asked
