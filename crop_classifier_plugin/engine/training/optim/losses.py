"""The losses of the papers. Those of classes take logits (B,K,H,W), target (B,H,W) int64 and weights (K,), those of
values two images (B,H,W), and give a scalar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...labels.constants import IGNORE


def weighted_bce_iou(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """The loss of LRTACF-Net, eq. 7: weighted binary cross-entropy + weighted IoU, class-weighted reading
    (docs/papers/lrtacf_net.md, section 3.7).

    The weights sum to 1; a class of weight 0 (the paper's class 0, no data) is left out. Over the N labelled pixels and
    the C classes with a weight: BCE = sum W_c bce / (N C) with W_c = C w_c, and IoU = sum w_c (1 - IoU_c) with
    IoU_c = (sum p t + 1) / (sum p + sum t - sum p t + 1) over the whole batch, p = sigmoid. Loss = BCE + IoU.
    """
    z, t = _valid_pixels(logits, target)
    counted = max(int((weights > 0).sum()), 1)
    bce = F.binary_cross_entropy_with_logits(z, t, reduction="none").sum(dim=0)  # (K,)
    bce_loss = (weights * counted * bce).sum() / (max(z.shape[0], 1) * counted)
    p = torch.sigmoid(z)
    both = (p * t).sum(dim=0)
    iou = (both + 1) / (p.sum(dim=0) + t.sum(dim=0) - both + 1)
    return bce_loss + (weights * (1 - iou)).sum()


def tversky(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """The loss of LRTACF-Net's Models 1 and 4: sum w_c (1 - TI_c)^(1/0.9) over the classes with a weight.

    TI_c = (TP + 1) / (TP + 0.7 FN + 0.3 FP + 1) over the labelled pixels of the whole batch, p = softmax over classes.
    """
    z, t = _valid_pixels(logits, target)
    p = torch.softmax(z, dim=1)
    hit = (p * t).sum(dim=0)
    missed, false = t.sum(dim=0) - hit, p.sum(dim=0) - hit
    index = (hit + 1) / (hit + 0.7 * missed + 0.3 * false + 1)
    return (weights * (1 - index).clamp(min=0) ** (1 / 0.9)).sum()


def focal(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """The loss of UnetConvLSTM: mean over ALL pixels of -0.25 (1 - p_y)^2 log p_y, in which pixels without a label
    contribute nothing but count. Knows no class weights but 0 = left out."""
    valid = (target != IGNORE) & (weights > 0)[target.clamp(min=0)]
    logs = F.log_softmax(logits, dim=1)
    log_p = logs.gather(1, target.clamp(min=0)[:, None])[:, 0]
    terms = -0.25 * (1 - log_p.exp()) ** 2 * log_p
    return torch.where(valid, terms, 0.0).sum() / target.numel()


def cross_entropy(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean over the labelled pixels of -log p_y, each pixel weighted with its class; 0 without any."""
    total = F.cross_entropy(logits, target, weights, ignore_index=IGNORE, reduction="sum")
    mass = weights[target[target != IGNORE]].sum()
    return total / mass.clamp(min=torch.finfo(weights.dtype).tiny)


def deep_supervision(loss: LossFunction, outputs: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Mean of the loss over the S outputs (S,B,K,H,W): the mean keeps the learning rate's scale whatever S is.

    Computed in float32 at least, whatever the network computes in.
    """
    return torch.stack([loss(_precise(logits), target, weights) for logits in outputs]).mean()


def _precise(logits: Tensor) -> Tensor:
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def _valid_pixels(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The N labelled pixels: logits (N,K), and the target as one-hot (N,K)."""
    valid = target != IGNORE
    z = logits.permute(0, 2, 3, 1)[valid]
    return z, F.one_hot(target[valid], logits.shape[1]).to(z.dtype)


# --- class weights ---------------------------------------------------------------------------------------------------


def class_weights(shares: Tensor) -> Tensor:
    """(K,) summing to 1, inverse to how often each class is shown (K,). A class that is never shown gets the mean
    weight of the others, so that the network learns not to name it."""
    inverse = _of_present(shares, lambda s: 1.0 / s)
    return (inverse / inverse.sum()).float()


def root_weights(shares: Tensor) -> Tensor:
    """(K,) of mean 1, inverse to the square root of how often each class is shown; never shown as above."""
    inverse = _of_present(shares, lambda s: 1.0 / s.sqrt())
    return (inverse / inverse.mean()).float()


def even_weights(shares: Tensor) -> Tensor:
    return torch.ones(len(shares))


def _of_present(shares: Tensor, weight: Callable[[Tensor], Tensor]) -> Tensor:
    present = shares > 0
    found = torch.ones(len(shares), dtype=torch.float64)
    if bool(present.any()):
        found[present] = weight(shares.double()[present])
        found[~present] = found[present].mean()
    return found


# --- the losses by name ----------------------------------------------------------------------------------------------

LossFunction = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """A loss and the class weights that go with it."""

    function: LossFunction
    weights: Callable[[Tensor], Tensor]  # of the shares (K,) in which the classes are shown
    every_pixel: bool = False  # averaged over all pixels, not only over the labelled ones
    weighted: bool = False  # averaged with the class weights, not by the number of pixels

    def mass(self, target: Tensor, weights: Tensor) -> Tensor:
        """Scalar: what the loss of `target` is divided by to be a mean. `weights` (K,)."""
        if self.every_pixel:
            return torch.tensor(float(target.numel()), device=target.device)
        labels = target[target != IGNORE]
        return weights[labels].sum() if self.weighted else torch.tensor(float(len(labels)), device=target.device)


LOSSES = {  # in the words of jobs.train.LOSSES
    "bce_iou": Loss(weighted_bce_iou, class_weights),
    "tversky": Loss(tversky, class_weights),
    "focal": Loss(focal, even_weights, every_pixel=True),
    "cross_entropy": Loss(cross_entropy, even_weights, weighted=True),
    "root_cross_entropy": Loss(cross_entropy, root_weights, weighted=True),
}


# --- losses of values ------------------------------------------------------------------------------------------------

REGRESSION_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # means, in the words of FUSION_LOSSES
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.smooth_l1_loss,
}


def regression(name: str, predicted: Tensor, target: Tensor) -> Tensor:
    """The mean loss over the pixels (B,H,W) whose target is no NaN; in float32 at least. 0 where there is none."""
    valid = ~torch.isnan(target)
    if not valid.any():
        return (_precise(predicted) * 0).sum()
    return REGRESSION_LOSSES[name](_precise(predicted)[valid], target[valid])
