"""The algorithms that the toolbox shows."""

from crop_classifier_plugin import assets
from crop_classifier_plugin.algorithms.provider import algorithm_classes

ALGORITHMS = [found.NAME for found in algorithm_classes()]
CHAINS = [path.stem for path in assets.chains()]
SHOWN = sorted(ALGORITHMS + CHAINS)
