"""A session that keeps the contract of its card: what it takes is checked at load, what it gives at each run."""

from __future__ import annotations

from typing import Any

from ...shared.cards.card import Card
from ...shared.errors import BadModel, OutOfMemory
from .base import Feeds, Prediction, Session
from .checks import ContractViolation, check_attention, check_declared, check_result


class CheckedRuntime:
    """A base.Runtime over any runtime's session."""

    def __init__(self, session: Session, name: str, card: Card | None = None) -> None:
        """`name`: for errors. Raises BadModel where it is no such network, or (given a card) not the card's."""
        try:
            check_declared(session.inputs, session.outputs, card)
        except ContractViolation as violation:
            raise BadModel(name, str(violation)) from None
        self.device, self.why = session.device
        self._session, self._name = session, name
        self._classes = len(card.legend) if card else None
        self._inputs = {i.name for i in session.inputs}

    @property
    def attends(self) -> bool:
        return any(output.name == "attention" for output in self._session.outputs)

    def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
        """As base.Runtime.run. Raises BadModel where the network gives something else than it should."""
        taken = {name: values for name, values in feeds.items() if name in self._inputs}
        batch = next(values.shape for name, values in taken.items() if name.startswith("x"))
        result, *more = self._session.run(["probability", *(["attention"] if attention else [])], taken)
        try:
            return Prediction(check_result(result, batch, self._classes), *(check_attention(m, batch) for m in more))
        except ContractViolation as violation:
            raise BadModel(self._name, str(violation)) from None
        except MemoryError:
            raise OutOfMemory("running the network") from None

    def versions(self) -> dict[str, Any]:
        return self._session.versions()
