"""Writes resources/modeler/*.model3: the chains that the toolbox shows.

Run it again, with the Python that sees QGIS, when the algorithms' parameters or the shipped models change.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from modeler_chains import CHAINS, Chain, Step  # noqa: E402 - the environment comes first
from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
)
from qgis.core import QgsProcessingModelChildParameterSource as Source  # noqa: E402
from qgis.PyQt.QtCore import QPointF  # noqa: E402

FOLDER = ROOT / "resources" / "modeler"


def child_of(step: Step, column: int) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(f"cropclassifier:{step.algorithm}")
    child.setChildId(step.name)
    child.setDescription(child.algorithm().displayName())
    child.setPosition(QPointF(300 + 320 * column, 260))
    for parameter in step.passed_on:
        child.addParameterSources(parameter, [Source.fromModelParameter(parameter)])
    for parameter, sources in step.linked.items():
        child.addParameterSources(parameter, [source_of(source) for source in sources])
    for parameter, value in step.fixed.items():
        child.addParameterSources(parameter, [Source.fromStaticValue(value)])
    outputs = {}
    for row, (output, title) in enumerate(step.outputs.items()):
        made = QgsProcessingModelOutput(title, title)
        made.setChildId(step.name)
        made.setChildOutputName(output)
        made.setPosition(QPointF(460 + 320 * column, 320 + 60 * row))
        outputs[title] = made
    child.setModelOutputs(outputs)
    return child


def source_of(source: str | tuple[str, str]) -> Source:
    return Source.fromModelParameter(source) if isinstance(source, str) else Source.fromChildOutput(*source)


def build(chain: Chain) -> QgsProcessingModelAlgorithm:
    model = QgsProcessingModelAlgorithm(chain.title, "Crop Classifier")
    for row, parameter in enumerate(chain.parameters()):
        component = QgsProcessingModelParameter(parameter.name())
        component.setPosition(QPointF(120 + 230 * (row % 4), 40 + 100 * (row // 4)))
        model.addModelParameter(parameter, component)
    for column, step in enumerate(chain.steps):
        model.addChildAlgorithm(child_of(step, column))
    model.setHelpContent({"ALG_DESC": chain.help})
    model.setOutputGroup(chain.group)  # QGIS puts a model's outputs into the model's group, not into the algorithm's
    return model


def write(chain: Chain) -> None:
    model, target = build(chain), FOLDER / f"{chain.file}.model3"
    valid, problems = model.validate()
    if not valid or not model.toFile(str(target)):
        sys.exit(f"The model could not be written to {target}: {problems}")
    print(target)


if __name__ == "__main__":
    app = QgsApplication([], False)
    app.initQgis()
    from crop_classifier_plugin import classFactory

    plugin = classFactory(None)
    plugin.initProcessing()
    for chain in CHAINS:
        write(chain)
    plugin.unload()
    app.exitQgis()
