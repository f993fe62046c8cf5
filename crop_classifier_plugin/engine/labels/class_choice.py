"""Classes left out and merged: one rule for the labels of trainings, diagnoses, crop gains and probes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from ...shared.class_choice import ClassChoice
from ...shared.errors import BadInput, LabelsUnusable
from ...shared.legend import CropClass, Legend, one_spelling, plain
from ..reporting.sentences import listed


def check_known(choice: ClassChoice, labels: Collection[str], is_class: Callable[[str], bool]) -> None:
    """Refuses names of `choice` that neither a label nor a class has."""
    known = set(map(plain, labels))
    unknown = [name for name in choice.names if plain(name) not in known and not is_class(name)]
    if unknown:
        raise BadInput(
            f"The labels have no class {listed(map(repr, unknown))} to leave out or merge: name some of theirs "
            f"({listed(sorted(set(one_spelling(labels).values())))})."
        )


def without_rare(choice: ClassChoice, weights: Mapping[str, float]) -> tuple[ClassChoice, str]:
    """The choice with its rare classes named, and what the user is to hear of them.

    `weights`: area or pixels of each label, by name. A share is of what is not left out, after merging.
    """
    if not choice.min_share:
        return choice, ""
    into = {name: target for name in weights if (target := choice.renamed(name)) is not None}
    totals: dict[str, float] = {}
    for name, target in into.items():
        totals[plain(target)] = totals.get(plain(target), 0.0) + weights[name]
    whole = sum(totals.values()) or 1.0
    few = {target for target, total in totals.items() if total / whole < choice.min_share}
    rare = {name: target for name, target in into.items() if plain(target) in few}
    if not rare:
        return choice, ""
    told = listed(f"{target} ({totals[plain(target)] / whole:.1%})" for target in sorted(set(rare.values())))
    fate = f"count as {choice.rare}" if choice.rare else "are left out"
    return _rare_named(choice, few, rare), f"Classes below {choice.min_share:.3g} of the labels {fate}: {told}."


def _rare_named(choice: ClassChoice, few: Collection[str], rare: Mapping[str, str]) -> ClassChoice:
    """The choice with the fate of the labels in `rare` said, and of what is merged into one of the classes `few`,
    whether or not these labels have it: another series' may."""
    merged = {plain(name): (name, into) for name, into in (*rare.items(), *choice.merge)}.values()
    exclude = tuple(name for name, into in merged if plain(into) in few and not choice.rare)
    last = choice.renamed(choice.rare) or choice.rare
    ends = ((name, last if plain(into) in few else into) for name, into in merged if name not in exclude)
    merge = tuple((name, into) for name, into in ends if plain(name) != plain(into))
    return replace(choice, exclude=(*choice.exclude, *exclude), merge=merge)


@dataclass(frozen=True)
class ChosenLegend(Legend):
    """The classes that are left of a legend, found by the names and codes of all that it had."""

    whole: Legend
    choice: ClassChoice

    def find(self, label: str) -> CropClass | None:
        return self._chosen(label, self.whole.find(label))

    def named(self, label: str) -> CropClass | None:
        return self._chosen(label, self.whole.named(label))

    def _chosen(self, label: str, found: CropClass | None) -> CropClass | None:
        said = (found.name, *found.aliases) if found else (label,)
        name = self.choice.renamed(*said)
        return None if name is None else next((c for c in self.classes if plain(c.name) == plain(name)), None)


def chosen_legend(whole: Legend, choice: ClassChoice, labels: Collection[str] = ()) -> Legend:
    """The legend of the classes that are left. A merged class has the code and colour of the class whose name it takes,
    else of the first that it is made of, and their names as aliases. `labels`: what the labels say, beside the legend.

    Raises BadInput for names that neither has, LabelsUnusable where no class is left.
    """
    if choice.is_all:
        return whole
    check_known(choice, [*whole.names, *labels], lambda name: whole.find(name) is not None)
    own = replace(choice, exclude=_named(whole, choice.exclude), merge=_merges(whole, choice.merge))
    members: dict[str, list[CropClass]] = {}
    names: dict[str, str] = {}
    for crop in whole:
        name = own.renamed(crop.name, *crop.aliases)
        if name is not None:
            members.setdefault(plain(name), []).append(crop)
            names.setdefault(plain(name), name)
    lost = [(name, into) for name, into in own.merge if plain(into) not in members]
    if lost:
        raise BadInput(f"{lost[0][0]!r} is merged into {lost[0][1]!r}, which the legend does not have: add it there.")
    if not members:
        raise LabelsUnusable(f"No class is left of {listed(whole.names)}: leave fewer out, or lower the least share.")
    classes = tuple(_merged(names[key], crops, own) for key, crops in members.items())
    return ChosenLegend(classes, whole, own)


def _named(whole: Legend, names: tuple[str, ...]) -> tuple[str, ...]:
    """Each name as the legend has it; codes are understood."""
    found = ((whole.find(name), name) for name in names)
    return tuple(crop.name if crop else name for crop, name in found)


def _merges(whole: Legend, merge: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    pairs = zip(_named(whole, tuple(name for name, _ in merge)), _named(whole, tuple(into for _, into in merge)))
    return tuple((name, into) for name, into in pairs if plain(name) != plain(into))


def _merged(name: str, crops: list[CropClass], choice: ClassChoice) -> CropClass:
    head = next((crop for crop in crops if plain(crop.name) == plain(name)), crops[0])
    others = [word for crop in crops for word in (crop.name, *crop.aliases)]
    others += [source for source, into in choice.merge if plain(into) == plain(name)]
    aliases = {plain(word): word for word in reversed(others) if plain(word) != plain(name)}
    return replace(head, name=name, aliases=tuple(reversed(aliases.values())))
