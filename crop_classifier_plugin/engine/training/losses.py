"""The loss of LRTACF-Net, eq. 7: weighted binary cross-entropy + weighted IoU, class-weighted reading."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = -1


def weighted_bce_iou(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Scalar. logits (B,K,H,W); target (B,H,W) int64 class index, IGNORE where nothing is known; weights (K,).

    The weights sum to 1; a class of weight 0 (the paper's class 0, no data) is left out. Over the N known pixels and
    the C classes with a weight: BCE = sum W_c bce / (N C) with W_c = C w_c, and IoU = sum w_c (1 - IoU_c) with
    IoU_c = (sum p t + 1) / (sum p + sum t - sum p t + 1) over the whole batch, p = sigmoid. Loss = BCE + IoU.
    """
    known = target != IGNORE
    z = logits.permute(0, 2, 3, 1)[known]  # (N,K)
    t = F.one_hot(target[known], logits.shape[1]).to(z.dtype)
    counted = max(int((weights > 0).sum()), 1)
    bce = F.binary_cross_entropy_with_logits(z, t, reduction="none").sum(dim=0)  # (K,)
    bce_loss = (weights * counted * bce).sum() / (max(z.shape[0], 1) * counted)
    p = torch.sigmoid(z)
    both = (p * t).sum(dim=0)
    iou = (both + 1) / (p.sum(dim=0) + t.sum(dim=0) - both + 1)
    return bce_loss + (weights * (1 - iou)).sum()


def deep_supervision(outputs: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean of the loss over the S outputs (S,B,K,H,W): the mean keeps the learning rate's scale whatever S is."""
    return torch.stack([weighted_bce_iou(logits, target, weights) for logits in outputs]).mean()


def class_weights(shares: Tensor) -> Tensor:
    """(K,) summing to 1, inverse to how often each class is shown (K,). A class that is never shown gets the mean
    weight of the others, so that the network learns not to name it."""
    present = shares > 0
    inverse = torch.where(present, 1.0 / shares.double(), 0.0)
    inverse[~present] = inverse[present].mean() if bool(present.any()) else 1.0
    return (inverse / inverse.sum()).float()
