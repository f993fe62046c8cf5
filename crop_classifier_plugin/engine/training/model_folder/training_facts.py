"""What a card says of the data that a model was trained on: what other series are later held against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ....shared.cards.applicability import MOST_KM, reach
from ....shared.cards.parts import Box, TrainingFacts
from ....shared.jobs.sources import LabelledSeries, LabelSource
from ....shared.jobs.train import CardTexts
from ..data.training_data import TrainingData
from .card_texts import describe_region, describe_seasons, describe_training_data, seasons_of


def training_facts(
    texts: CardTexts, data: Sequence[LabelledSeries], material: TrainingData, bands: Sequence[str]
) -> TrainingFacts:
    """Places, seasons, sensors and levels of the `bands` are measured; words are the user's where there are any."""
    dates = sorted({d.isoformat() for season in material.train for d in season.dates})
    boxes = [box for season in material.train if (box := season.bbox())]
    seasons = seasons_of([season.dates for season in material.train])
    origins = [origin for scene in material.scenes for origin in scene.origins(bands)]
    box = around(boxes) if boxes else TrainingFacts.bbox
    return TrainingFacts(
        training_data=_training_data(texts.training_data, [each.labels for each in data], material),
        region=texts.region or (describe_region(box) if boxes else ""),
        season=texts.season or describe_seasons(seasons),
        bbox=box,
        start=f"{dates[0]}T00:00:00Z",
        end=f"{dates[-1]}T23:59:59Z",
        simulated=texts.simulated or material.simulated,
        seasons=seasons,
        sensors=tuple(sorted({origin.sensor for origin in origins} - {""})),
        levels=tuple(sorted({origin.level for origin in origins} - {""})),
        places=joined(boxes),
    )


def joined(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Boxes that lie near each other as one."""
    places: list[Box] = []
    for box in boxes:
        while near := [place for place in places if _near(box, place)]:
            places = [place for place in places if place not in near]
            box = around((box, *near))
        places.append(box)
    return tuple(sorted(places))


def _near(a: Box, b: Box) -> bool:
    return min(reach(a, (b,)), reach(b, (a,))) <= MOST_KM


def around(boxes: Sequence[Box]) -> Box:
    """The box around several; one that crosses 180 among others makes it go around the world."""
    if len(boxes) == 1:
        return boxes[0]
    west, south, east, north = zip(*boxes)
    if any(a > b for a, b in zip(west, east)):
        return -180.0, min(south), 180.0, max(north)
    return min(west), min(south), max(east), max(north)


def _training_data(told: str, labels: Sequence[LabelSource], material: TrainingData) -> str:
    own = told or describe_training_data(labels, material.train, len(material.legend))
    return f"{own}; {material.past.told}" if material.past else own
