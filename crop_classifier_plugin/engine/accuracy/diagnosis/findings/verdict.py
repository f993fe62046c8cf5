"""What a map is good for, in words, by one declared rule (choice)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....reporting.sentences import listed
from ....reporting.templates import percent
from ...confusion import Confusion, Scores

GOOD = 0.85  # of user's and producer's accuracy: Anderson et al. (1976), U.S. Geological Survey Professional Paper 964
POOR = 0.60  # below it, a class is not to be used (choice)
BIAS = 0.10  # of the area that counting pixels gives (choice)
RULE = (
    f"The verdict's rule is a choice. A map that agrees with the reference no more than if all of it were the "
    f"reference's commonest class is not usable. A class is good where both its user's and its producer's accuracy "
    f"are at least {GOOD:.2f}, the usual target of land cover maps (Anderson et al. 1976, U.S. Geological Survey "
    f"Professional Paper 964), and not to be used where either is below {POOR:.2f}. A map is good where it agrees on "
    f"at least {GOOD:.2f} of the pixels and all its classes are good; where none of them is better than not to be "
    f"used, neither is the map. Hectares are called off where map and reference differ by more than {BIAS:.0%}."
)
NOT_USABLE, PARTLY, USABLE, UNKNOWN = "not usable", "partly usable", "good", "not known"


@dataclass(frozen=True)
class Verdict:
    """Classes by name, in the order of the matrix."""

    level: str
    sentences: tuple[str, ...]
    good: tuple[str, ...] = ()
    care: tuple[str, ...] = ()
    poor: tuple[str, ...] = ()


def verdict_of(names: Sequence[str], confusion: Confusion) -> Verdict:
    """Of the classes that the reference has."""
    scores = [(name, score) for name, score in zip(names, confusion.scores()) if score.present]
    if len(scores) < 2:
        return Verdict(UNKNOWN, ("The reference has one class only: whether the map can be used, it cannot tell.",))
    commonest, most = max(scores, key=lambda row: row[1].reference)
    chance = most.reference / confusion.total
    if confusion.oa <= chance:
        return Verdict(
            NOT_USABLE,
            (
                f"Not usable: it agrees with the reference on {percent(confusion.oa)}, where a map that calls "
                f"everything {commonest} would agree on {percent(chance)}.",
            ),
        )
    ranks = {name: _rank(score) for name, score in scores}
    good, care, poor = (tuple(name for name, rank in ranks.items() if rank == k) for k in (2, 1, 0))
    level = USABLE if confusion.oa >= GOOD and not (care or poor) else PARTLY if good or care else NOT_USABLE
    return Verdict(level, tuple(_sentences(good, care, poor)) + tuple(_areas(scores)), good, care, poor)


def _rank(score: Scores) -> int:
    """2 = good, 1 = with care, 0 = not to be used."""
    worse = min(score.recall, score.precision if score.mapped else 0.0)
    return int(worse >= POOR) + int(worse >= GOOD)


def _sentences(good: tuple[str, ...], care: tuple[str, ...], poor: tuple[str, ...]) -> list[str]:
    told = []
    if good:
        told.append(f"Good for {listed(good)}." if care or poor else f"Good for all its classes: {listed(good)}.")
    found = "of their pixels are found, or are what the map says"
    if care:
        told.append(f"With care for {listed(care)}: {POOR:.0%} to {GOOD:.0%} {found}.")
    if poor:
        told.append(f"Not for {listed(poor)}: less than {POOR:.0%} {found}.")
    return told


def _areas(scores: Sequence[tuple[str, Scores]]) -> list[str]:
    """Where counting pixels would mislead, on the compared ground."""
    off = [(name, score.mapped / score.reference - 1) for name, score in scores]
    told = [f"{name} {share:+.0%}" for name, share in off if abs(share) > BIAS]
    if not told:
        return [f"On the compared ground the map's areas are within {BIAS:.0%} of the reference's, class by class."]
    return [f"Hectares counted from the map would be off, on the compared ground, by: {listed(told)}."]
