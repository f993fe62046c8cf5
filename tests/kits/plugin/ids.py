"""The algorithms that the toolbox shows."""

from crop_classifier_plugin.algorithms.provider import algorithm_classes

ALGORITHMS = [found.NAME for found in algorithm_classes()]
