"""Self-distillation without labels: DINO (Caron et al. 2021) with the values of the CropSTS paper, section 3
(docs/papers/cropsts.md, section 4.1).

A student that sees eight views learns to say of each what its teacher, the moving average of itself, says of another.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...networks.cropsts import Block, CropStsConfig, CropStsEncoder

STUDENT_TEMPERATURE, TEACHER_TEMPERATURE = 0.1, 0.04
CENTRE_MOMENTUM = 0.9
DROP_PATH = 0.1  # of the last block; the first has none
CLIP = 3.0  # largest norm of a parameter's gradient
Decayed = tuple[list[nn.Parameter], list[nn.Parameter]]


class Head(nn.Module):
    """MLP, L2 normalisation, and a linear layer whose rows have length 1: d -> K."""

    def __init__(self, width: int, hidden: int, bottleneck: int, outputs: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.last = nn.Parameter(torch.empty(outputs, bottleneck))
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.trunc_normal_(parameter, std=0.02)
            else:
                nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:  # (B,d) -> (B,K)
        return F.linear(F.normalize(self.mlp(features), dim=-1), F.normalize(self.last, dim=-1))


class DinoNetwork(nn.Module):
    """Encoder and head: what student and teacher both are."""

    def __init__(self, config: CropStsConfig, hidden: int, bottleneck: int, outputs: int) -> None:
        super().__init__()
        self.encoder = CropStsEncoder(config)
        self.head = Head(config.width, hidden, bottleneck, outputs)

    def forward(self, x: Tensor, doy: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """(B,T,C,H,W), (B,T), (B,T) -> scores (B,K) and tokens (B,T,N,d)."""
        tokens = self.encoder(x, doy, valid).tokens
        return self.head(mean_over_dates(tokens, valid).mean(dim=1)), tokens


def mean_over_dates(tokens: Tensor, valid: Tensor) -> Tensor:
    """(B,T,N,d), (B,T) -> (B,N,d): the mean over the dates that are there."""
    there = (valid > 0).to(tokens.dtype)[:, :, None, None]
    return (tokens * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def drop_paths(encoder: CropStsEncoder, last: float) -> None:
    """Gives the blocks a share of skipped branches that rises linearly to `last`."""
    blocks = [block for block in encoder.blocks if isinstance(block, Block)]
    for i, block in enumerate(blocks):
        block.drop_path = last * i / max(len(blocks) - 1, 1)


def teacher_of(student: DinoNetwork) -> DinoNetwork:
    """A copy that takes no gradient and drops nothing."""
    teacher = copy.deepcopy(student).eval().requires_grad_(False)
    drop_paths(teacher.encoder, 0.0)
    return teacher


@torch.no_grad()
def update_teacher(teacher: nn.Module, student: nn.Module, momentum: float) -> None:
    """teacher <- momentum x teacher + (1 - momentum) x student."""
    for slow, fast in zip(teacher.parameters(), student.parameters()):
        slow.lerp_(fast.to(slow.dtype), 1 - momentum)


def distillation(student: Sequence[Tensor], teacher: Sequence[Tensor], centre: Tensor) -> Tensor:
    """Mean cross-entropy over all pairs of a teacher's view and another view of the student.

    student: scores (B,K) of all views, the teacher's views first; teacher: scores (B,K) of the global views. With two
    global and six local views these are 14 pairs.
    """
    targets = [torch.softmax((t - centre) / TEACHER_TEMPERATURE, dim=-1) for t in teacher]
    log_p = [torch.log_softmax(s / STUDENT_TEMPERATURE, dim=-1) for s in student]
    pairs = [(i, j) for i in range(len(targets)) for j in range(len(log_p)) if i != j]
    return torch.stack([-(targets[i] * log_p[j]).sum(dim=-1).mean() for i, j in pairs]).mean()


def update_centre(centre: Tensor, teacher: Iterable[Tensor]) -> Tensor:
    """The centre (K,) after a batch of teacher's scores."""
    return centre * CENTRE_MOMENTUM + torch.cat(list(teacher)).mean(dim=0) * (1 - CENTRE_MOMENTUM)


# --- schedules and the optimiser --------------------------------------------------------------------------------------


def cosine(first: float, last: float, step: int, steps: int) -> float:
    """From `first` at step 0 to `last` at the final step."""
    done = min(step / max(steps - 1, 1), 1.0)
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2


def learning_rate_at(peak: float, step: int, steps: int, warm_up: int) -> float:
    """Learning rate: linear to `peak` over the warm-up's steps, then a cosine to 1e-6."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return cosine(peak, min(1e-6, peak), step - warm_up, steps - warm_up)


def decayed(module: nn.Module) -> Decayed:
    """The parameters that weight decay pulls at, and those it leaves: biases, norms and other vectors."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    return [p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim <= 1]


def clip(module: nn.Module) -> None:
    """Each parameter's gradient by itself."""
    for parameter in module.parameters():
        if parameter.grad is not None:
            torch.nn.utils.clip_grad_norm_([parameter], CLIP)
