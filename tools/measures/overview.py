"""All measures of one state of the project."""

from __future__ import annotations

from itertools import chain

from .bodies import measure_dataclasses, measure_excepts, measure_functions
from .docs import measure_docs
from .files import measure_files, measure_names
from .imports import measure_circles, measure_test_imports
from .measure import Measure, Rules
from .source import Source


def measure(source: Source, rules: Rules) -> list[Measure]:
    """In the order of the table."""
    by_rules = (measure_files, measure_functions, measure_dataclasses)
    alone = (measure_circles, measure_docs, measure_excepts, measure_test_imports, measure_names)
    return [*chain.from_iterable(m(source, rules) for m in by_rules), *chain.from_iterable(m(source) for m in alone)]
