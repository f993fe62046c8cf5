"""Optimisers, and the learning rate over the epochs or steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ....shared.recipes import Recipe


class Sam(torch.optim.Optimizer):
    """Sharpness-aware minimisation (Foret et al. 2021, eq. 2-3) over SGD with momentum: two gradients a step
    (docs/papers/methods.md, section 4.1).

    `second_pass` is entered around the second evaluation (to freeze the batch statistics).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        rho: float = 0.05,
        momentum: float = 0.95,
        second_pass: Callable[[], AbstractContextManager[None]] | None = None,
    ) -> None:
        super().__init__(list(params), {"lr": lr})
        self.rho = rho
        self._second_pass = second_pass or _nothing
        self._base = torch.optim.SGD(self.param_groups, lr=lr, momentum=momentum)
        self._share()

    def _share(self) -> None:
        """One learning rate for both, and the momentum where it is saved from."""
        self.param_groups, self.state = self._base.param_groups, self._base.state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._base.load_state_dict(state_dict)
        self._share()

    def step(self, closure: Any = None) -> Any:
        """`closure` clears the gradients, evaluates the loss and goes backward; it is called twice."""
        with torch.enable_grad():
            loss = closure()
        ascent = self._ascent()
        self._move(ascent, 1.0)
        try:
            with torch.enable_grad(), self._second_pass():
                closure()
        finally:
            self._move(ascent, -1.0)
        self._base.step()
        return loss

    def _ascent(self) -> dict[Tensor, Tensor]:
        """e = rho g / (|g|_2 + 1e-12), with the norm over all parameters."""
        grads = {p: p.grad.detach() for group in self.param_groups for p in group["params"] if p.grad is not None}
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads.values()]))
        return {p: self.rho * g / (norm + 1e-12) for p, g in grads.items()}

    @torch.no_grad()
    def _move(self, ascent: dict[Tensor, Tensor], sign: float) -> None:
        for p, e in ascent.items():
            p.add_(e, alpha=sign)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _norms(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Batch normalisation has the same running statistics, and number of batches seen, after it as before."""
    before = [(buffer, buffer.clone()) for m in _norms(network) for buffer in m.buffers(recurse=False)]
    try:
        yield
    finally:
        for buffer, value in before:
            buffer.copy_(value)


def _sam(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    return Sam(network.parameters(), recipe.learning_rate, second_pass=partial(frozen_statistics, network))


def _adamw(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)


def _adam(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Adam with Keras' or PyTorch's epsilon. Its weight decay d adds d w to the gradient; the penalty's gradient is
    2 penalty w."""
    norms = [p for m in _norms(network) for p in m.parameters(recurse=False)]
    known = {id(p) for p in norms}
    others = [p for p in network.parameters() if id(p) not in known]
    groups: list[dict[str, Any]] = [{"params": norms, "weight_decay": 2 * recipe.adam.norm_penalty}, {"params": others}]
    return torch.optim.Adam([g for g in groups if g["params"]], recipe.learning_rate, eps=recipe.adam.epsilon)


OPTIMIZERS: dict[str, Callable[[Recipe, nn.Module], torch.optim.Optimizer]] = {
    "sam": _sam,
    "adamw": _adamw,
    "adam": _adam,
}


# --- the learning rate of a 0-based epoch ----------------------------------------------------------------------------


def polynomial_rate(first: float, epoch: int, epochs: int) -> float:
    """(first - floor)(1 - s/S)^0.85 + floor with s = max(1, epoch - 1) and the floor 1e-4.

    From s = S on it is the floor. S is 80 of the paper's 100 epochs, the same share of other numbers (choice).
    """
    floor = min(1e-4, first)
    done = min(max(1, epoch - 1) / (0.8 * epochs), 1.0)
    return float((first - floor) * (1 - done) ** 0.85 + floor)


def cosine_rate(first: float, epoch: int, epochs: int) -> float:
    """Linearly up over the first 5 % of the epochs (5 of 100), then half a cosine down to 1e-5 in the last epoch."""
    warm = round(0.05 * epochs)
    if epoch < warm:
        return first * (epoch + 1) / warm
    floor = min(1e-5, first)
    done = (epoch - warm) / max(epochs - 1 - warm, 1)
    return floor + (first - floor) * (1 + math.cos(math.pi * done)) / 2


def step_rate(first: float, epoch: int, epochs: int) -> float:
    """A tenth after 60 % of the epochs, a hundredth after 90 %."""
    return first * float(0.1 ** sum(epoch >= share * epochs for share in (0.6, 0.9)))


def constant_rate(first: float, epoch: int, epochs: int) -> float:
    return first


# --- the learning rate of a step --------------------------------------------------------------------------------------

_UP, _FIRST, _LAST = 0.25, 1 / 25, 1e-3  # share of the steps; shares of the peak (choice, near Smith's and PyTorch's)


def one_cycle_rate(peak: float, done: int, total: int) -> float:
    """Half a cosine up to the peak over the first quarter of the `total` steps, then half a cosine down; `done` steps
    come before this one. The last step has a thousandth of the peak (Smith 2018, with PyTorch's cosines)."""
    at = min(done / max(total - 1, 1), 1.0)
    if at < _UP:
        return _between(_FIRST * peak, peak, at / _UP)
    return _between(peak, _LAST * peak, (at - _UP) / (1 - _UP))


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


# --- by name ----------------------------------------------------------------------------------------------------------

EPOCH_SCHEDULES: dict[str, Callable[[float, int, int], float]] = {  # of the highest rate, an epoch, and all epochs
    "constant": constant_rate,
    "cosine": cosine_rate,
    "polynomial": polynomial_rate,
    "steps": step_rate,
}
STEP_SCHEDULES: dict[str, Callable[[float, int, int], float]] = {"one_cycle": one_cycle_rate}  # the same of steps
