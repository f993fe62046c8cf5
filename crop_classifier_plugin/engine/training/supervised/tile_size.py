"""Patch and tile belong together: a network maps well only what is as large as what it learnt from, about."""

from __future__ import annotations

from dataclasses import replace

from ....shared.errors import BadInput
from ....shared.jobs.train import TrainJob
from ...execution.reporter import Reporter
from ...networks.base import NetworkConfig
from ..model_folder.card_builder import round_up, tiling_of
from ..optim.recipes import resolve_recipe

_LARGER = 2  # times the patch that a tile may be (choice): the defaults, 128 and 64 px, map as well as they learn


def with_fitting_tile(job: TrainJob, config: NetworkConfig, reporter: Reporter) -> TrainJob:
    """The job with tiles that its network can take after what it learns from.

    Raises BadInput for a patch that leaves the coarsest level of the network a single pixel: its kernels would never
    see a neighbour there, and guess in larger tiles.
    """
    patch = resolve_recipe(job.network.name, job.optim).patch
    side = round_up(patch, config.multiple)
    if side < config.least_patch:
        raise BadInput(
            f"Patches of {patch} px are too small for {job.network.name} with these settings, whose coarsest level "
            f"would be one pixel: give a patch of at least {config.least_patch} px, or a network of fewer levels."
        )
    wanted = tiling_of(job.model_inputs, config).tile
    tile = max(wanted, config.least_patch)
    if _sees_more_than(side, config):
        tile = min(tile, _LARGER * side)
    if tile == wanted:
        return job
    reporter.log(
        f"Maps will be made of tiles of {tile} px, not {wanted}: {job.network.name} learns on patches of {side} px, "
        "and tiles of another size would show it what it never learnt from."
    )
    return replace(job, model_inputs=replace(job.model_inputs, tile=tile))


def _sees_more_than(side: int, config: NetworkConfig) -> bool:
    """Whether a pixel in a larger tile heeds what lies farther away than any patch shows."""
    radius = config.capabilities.receptive_radius
    return not radius or 2 * radius + 1 > side
