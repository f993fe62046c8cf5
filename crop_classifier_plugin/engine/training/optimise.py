"""Optimisers and the learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

FLOOR = 1e-4  # last learning rate
_DEFAULT_RATES = {"sam": 0.011, "adamw": 0.003}  # sam: the paper; adamw: choice


class Sam(torch.optim.Optimizer):
    """Sharpness-aware minimisation (Foret et al. 2021, eq. 2-3) over SGD with momentum: two gradients a step.

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
        self.param_groups = self._base.param_groups  # one learning rate for both

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


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Batch normalisation keeps its running statistics inside."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [m.momentum for m in norms]
    for m in norms:
        m.momentum = 0.0
    try:
        yield
    finally:
        for m, momentum in zip(norms, before):
            m.momentum = momentum


def optimizer_of(name: str, rate: float, network: nn.Module) -> torch.optim.Optimizer:
    """`name` is sam or adamw; rate 0 means the optimiser's default."""
    lr = rate or _DEFAULT_RATES[name]
    if name == "sam":
        return Sam(network.parameters(), lr, second_pass=lambda: frozen_statistics(network))
    return torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=0.01)


def polynomial_rate(first: float, epoch: int, epochs: int) -> float:
    """Learning rate of a 0-based epoch: (first - floor)(1 - s/S)^0.85 + floor with s = max(1, epoch - 1).

    From s = S on it is the floor. S is 80 of the paper's 100 epochs, the same share of other numbers (choice).
    """
    floor = min(FLOOR, first)
    done = min(max(1, epoch - 1) / (0.8 * epochs), 1.0)
    return float((first - floor) * (1 - done) ** 0.85 + floor)
