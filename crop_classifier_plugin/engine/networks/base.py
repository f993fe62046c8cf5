"""What every network promises, so that training, export and tests treat all of them alike."""

from __future__ import annotations

import typing
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from ...shared.errors import BadInput

Config = TypeVar("Config", bound="NetworkConfig")
_LARGEST = 65_536  # of a setting (choice)
_MOST_PARAMETERS = 2_000_000_000  # of a network (choice): eight GB, and as much again for its gradient


@dataclass(frozen=True)
class Capabilities:
    """What a network holds for every input; the contract tests hold it to them."""

    any_dates: bool = False  # takes any number of dates, not only config.dates
    ignores_padding: bool = False  # in eval mode a date at the end with valid 0 changes nothing
    date_order: bool = True  # exchanging two dates, each with its doy and valid, changes the result
    receptive_radius: int = 0  # px a value may travel in eval mode; 0 = the whole tile


@dataclass(frozen=True)
class DataSizes:
    """The sizes that the data decide."""

    bands: int
    dates: int
    classes: int  # output channels: one a legend class

    def __post_init__(self) -> None:
        for name in ("bands", "dates", "classes"):
            if getattr(self, name) < 1:
                raise BadInput(f"The network cannot have {getattr(self, name)} {name}: give at least one.")


@dataclass(frozen=True)
class NetworkConfig:
    """What every network is built of; a network's own config adds its settings."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}  # settings by name; "paper" is exact, "small" for two CPU cores

    sizes: DataSizes

    def __post_init__(self) -> None:
        """Refuses settings that the network cannot be built with. Raises BadInput."""

    @property
    def bands(self) -> int:
        return self.sizes.bands

    @property
    def dates(self) -> int:
        return self.sizes.dates

    @property
    def classes(self) -> int:
        return self.sizes.classes

    @property
    def multiple(self) -> int:
        """Height and width of the input are multiples of this many pixels."""
        return 1

    @property
    def least_patch(self) -> int:
        """The smallest patch, in pixels, that trains every kernel: the coarsest level has two pixels a side."""
        return 2 * self.multiple if self.multiple > 1 else 1

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def settings(self) -> dict[str, Any]:
        """Everything but the sizes that the data decide, as JSON values: what a card keeps."""
        sizes = {f.name for f in fields(NetworkConfig)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items() if k not in sizes}

    @classmethod
    def parse(cls: type[Config], settings: dict[str, Any], bands: int, dates: int, classes: int) -> Config:
        """A config from settings whose values may be text ("8,16,32", "0.1", "true") or JSON values.

        `preset` names one of the class's presets, over which the other settings go.
        """
        given = dict(settings)
        values = cls.preset(str(given.pop("preset"))) if "preset" in given else {}
        hints = typing.get_type_hints(cls)
        own = {f.name for f in fields(cls)} - {f.name for f in fields(NetworkConfig)}
        for name, value in given.items():
            if name not in own:
                raise BadInput(f"The network has no setting {name!r}: use {', '.join(sorted(own))} or preset.")
            values[name] = _sized(name, _typed(name, hints[name], value))
        return cls(DataSizes(bands, dates, classes), **values)

    @classmethod
    def preset(cls, name: str) -> dict[str, Any]:
        """The settings of a preset."""
        if name not in cls.PRESETS:
            known = ", ".join(cls.PRESETS) or "none"
            raise BadInput(f"The network has no preset {name!r}: use one of {known}, or leave it out.")
        return dict(cls.PRESETS[name])


class Network(nn.Module):
    """A network over a dated image series.

    forward(x, doy, valid):  # (B,T,C,H,W) z-scores with 0 for no data, (B,T) day of year 0..365, (B,T) 1 = usable date
      in eval mode -> logits (B,K,H,W)
      in training  -> logits (S,B,K,H,W): every output that the loss supervises, the prediction last
    A network that uses no `doy` or `valid` says so in `inputs`; the exported file then has no such input. One that
    reads two series takes forward(x_s2, x_s1, valid_s2, valid_s1); its `inputs` name what its config reads of them.
    """

    inputs: tuple[str, ...] = ("x",)
    config: NetworkConfig

    def for_export(self) -> Network:
        """The same weights in the form that exports with every axis dynamic."""
        return self

    def supervised(self, *logits: Tensor) -> Tensor:
        """What forward returns of its outputs (B,K,H,W), the prediction last."""
        return torch.stack(logits) if self.training else logits[-1]


def _typed(name: str, hint: Any, value: Any) -> Any:
    try:
        if typing.get_origin(hint) is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(typing.get_args(hint)[0](p) for p in parts)
        if hint is bool:
            return {"true": True, "false": False}[str(value).strip().lower()]
        return hint(value)
    except (TypeError, ValueError, KeyError):
        raise BadInput(
            f"The setting {name}={value!r} of the network cannot be read: write {_in_words(hint)}."
        ) from None


def _in_words(hint: Any) -> str:
    kinds = {int: ("a whole number", "whole numbers"), float: ("a number", "numbers"), bool: ("true or false", "")}
    if typing.get_origin(hint) is tuple:
        return f"{kinds[typing.get_args(hint)[0]][1]} with commas between them"
    return kinds[hint][0] if hint in kinds else "text"


def _sized(name: str, value: Any) -> Any:
    """Settings come with a model's card, which anybody may have written."""
    numbers = [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, (int, float))]
    if any(abs(v) > _LARGEST for v in numbers):
        raise BadInput(f"The setting {name} of the network is above {_LARGEST}: give a smaller one.")
    return value


def check_size(network: nn.Module) -> None:
    """Refuses a network that no computer trains, before it takes memory: build it on the meta device first."""
    count = sum(p.numel() for p in network.parameters())
    if count > _MOST_PARAMETERS:
        raise BadInput(f"A network of {count:,} parameters cannot be trained: give smaller settings.")


def parameter_count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def needed(value: Tensor | None, what: str) -> Tensor:
    """An input that the network cannot do without."""
    if value is None:
        raise BadInput(f"The network reads {what}: give it to the network beside the images.")
    return value
