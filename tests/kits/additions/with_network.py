"""A pytest plugin (-p kits.additions.with_network): the tiny network is there before any test is found."""

from __future__ import annotations

from crop_classifier_plugin.shared.networks import NETWORKS
from kits.additions import install, network_row

install()
NETWORKS["tiny_net"] = network_row()
