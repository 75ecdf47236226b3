"""A gateway for short messages in memory. The one over HTTP is in `test_second_way`."""

from collections.abc import Sequence

from weijing.core import sms


class Phones:
    """A gateway that takes everything; or nothing, while it is `away`."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.known: dict[str, sms.Outcome] = {}
        self.away = False
        self.calls = 0

    def send(self, texts: Sequence[sms.Text]) -> dict[str, sms.Outcome]:
        self._answer()
        self.got += [one.to for one in texts if one.id not in self.known]
        self.known |= {one.id: sms.Outcome(sms.ACCEPTED) for one in texts}
        return {one.id: self.known[one.id] for one in texts}

    def states(self, ids: Sequence[str]) -> dict[str, sms.Outcome]:
        self._answer()
        return {id: self.known[id] for id in ids if id in self.known}

    def _answer(self) -> None:
        self.calls += 1
        if self.away:
            raise sms.NotAnswered("away")
