"""Batch normalisation whose running statistics are right from the first step on.

A paper's momentum of 0.01 needs some 500 steps until the statistics leave their start of 0 and 1 behind; a training of
the small presets is over by then. So the first steps are averaged evenly, until the network's own momentum is larger
(choice, as the bias correction of Adam; Kingma and Ba 2015, section 3; docs/papers/methods.md, section 4.4).
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class EarlySteps:
    """Sets the momentum of a network's batch normalisations before each forward pass."""

    def __init__(self, network: nn.Module) -> None:
        norms = (module for module in network.modules() if isinstance(module, _BatchNorm))
        self._norms = [(norm, norm.momentum) for norm in norms if norm.momentum is not None]

    def next(self) -> None:
        for norm, own in self._norms:
            batches = 0 if norm.num_batches_tracked is None else int(norm.num_batches_tracked)
            norm.momentum = max(own, 1 / (1 + batches))
