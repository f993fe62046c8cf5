"""Calibrations of growing freedom, fitted by what they make of the true classes: a temperature, a bias a class, a
matrix that is drawn towards none.

Dirichlet calibration with L2: Kull et al. (2019), NeurIPS; here the matrix is what is added to a temperature, so that
the stronger the penalty, the closer it is to temperature scaling (choice).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ....shared.cards.calibration import Calibration
from .sample import Sample
from .scaling import logs_of, scores_of, softmax

_MOST_CLASSES = 32  # of a matrix (choice: its squares are fitted, and kept in the card)
_STEPS = 200  # of the optimiser (choice)
_DIGITS = 4

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Candidate:
    """What is fitted. `penalty`: of the squares of bias and matrix, beside the mean negative log likelihood."""

    title: str
    bias: bool = False
    matrix: bool = False
    penalty: float = 0.0

    def fits(self, classes: int) -> bool:
        """Whether it does for so many classes."""
        return not self.matrix or classes <= _MOST_CLASSES


TEMPERATURE = Candidate("a temperature")
CANDIDATES = (  # the penalties are choices, tried on simulated seasons
    TEMPERATURE,
    Candidate("a temperature and a bias a class", bias=True, penalty=0.003),
    *(Candidate("a temperature and a matrix of classes", bias=True, matrix=True, penalty=p) for p in (1.0, 0.1, 0.01)),
)


def fitted(candidate: Candidate, sample: Sample, base: Calibration) -> Calibration:
    """The base, on top of which the candidate was fitted.

    Classes that the sample has none of keep the weight that they have: only the others are weighed against each other.
    """
    logs = logs_of(sample.probability.astype(np.float64))
    there = np.unique(sample.truth)
    loss = _Loss(candidate, logs, scores_of(logs, base)[there], np.searchsorted(there, sample.truth))
    scales = (max(-3.0, np.log(base.temperature / 100)), min(3.0, np.log(base.temperature / 0.01)))  # as cards hold it
    bounds = [scales, *[(-20.0, 20.0)] * (loss.size - 1)]
    found = minimize(loss, np.zeros(loss.size), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    return _combined(base, loss.parts(found.x), there, len(logs))


class _Loss:
    """Penalized mean negative log likelihood of k present classes and its gradient, by the parameters: log of the
    scale, (k,) bias, (k, K) matrix."""

    def __init__(self, candidate: Candidate, logs: Floats, scores: Floats, truth: NDArray[np.int64]) -> None:
        self._candidate, self._logs, self._scores, self._truth = candidate, logs, scores, truth
        self._all, self._present = len(logs), len(scores)

    @property
    def size(self) -> int:
        """Number of parameters."""
        biases = self._present * self._candidate.bias
        return 1 + biases + self._present * self._all * self._candidate.matrix

    def parts(self, x: Floats) -> tuple[float, Floats, Floats]:
        """Scale, (k,) bias, (k, K) matrix."""
        k, count = self._present, self._all
        bias = x[1 : 1 + k] if self._candidate.bias else np.zeros(k)
        matrix = x[1 + k :].reshape(k, count) if self._candidate.matrix else np.zeros((k, count))
        return float(np.exp(x[0])), bias, matrix

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        scale, bias, matrix = self.parts(x)
        scores = scale * self._scores + bias[:, None]
        if self._candidate.matrix:
            scores += matrix @ self._logs
        told, pixels = softmax(scores), np.arange(len(self._truth))
        likely = np.log(np.maximum(told[self._truth, pixels], 1e-30)).mean()
        penalty = self._candidate.penalty
        slope = told / len(pixels)
        slope[self._truth, pixels] -= 1 / len(pixels)
        gradient = [np.array([(slope * self._scores).sum() * scale])]
        if self._candidate.bias:
            gradient.append(slope.sum(axis=1) + 2 * penalty * bias)
        if self._candidate.matrix:
            gradient.append((slope @ self._logs.T + 2 * penalty * matrix).ravel())
        return -float(likely) + penalty * float((bias**2).sum() + (matrix**2).sum()), np.concatenate(gradient)


def _combined(
    base: Calibration, parts: tuple[float, Floats, Floats], there: NDArray[np.int64], count: int
) -> Calibration:
    """One calibration of both: scores are scaled, and added to."""
    scale, bias, matrix = parts
    biases = scale * np.array(base.bias) if base.bias else np.zeros(count)
    weights = scale * np.array(base.weights) if base.weights else np.zeros((count, count))
    biases[there] += bias
    weights[there] += matrix
    biases, weights = np.round(biases, _DIGITS), np.round(weights, _DIGITS)
    return Calibration(
        round(base.temperature / scale, _DIGITS),
        tuple(biases.tolist()) if biases.any() else (),
        tuple(tuple(row) for row in weights.tolist()) if weights.any() else (),
    )
