"""Pairs that WeCom shows, sorted by what there is to do about each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from weijing.residents.mirror import pairs
from weijing.residents.mirror.pairs import Known, Seen
from weijing.residents.models import Contact


@dataclass
class Compared:
    """Each pair once; those that were read again since are nowhere."""

    still: list[int] = field(default_factory=list)  # contact ids: nothing is different
    strangers: list[Seen] = field(default_factory=list)  # nobody has this account
    begun: list[Seen] = field(default_factory=list)  # another officer has
    changed: list[tuple[Seen, Known]] = field(default_factory=list)

    @property
    def different(self) -> list[Seen]:
        return [*self.begun, *(one for one, _ in self.changed)]

    @property
    def begun_again(self) -> list[int]:
        """Contact ids: half a contact has become a whole one, or one that had ended is back."""
        linked = Contact.State.LINKED
        return [
            known.contact_id
            for one, known in self.changed
            if known.contact_id and known.state != linked == known.state_after(one)
        ]

    @property
    def begun_or_ended(self) -> list[Seen]:
        ended = [one for one, known in self.changed if known.state != known.state_after(one)]
        return [*self.begun, *ended]


def compare(county_id: int, seen: Sequence[Seen], *, at: datetime) -> Compared:
    """What we have beside what was asked for at `at`.

    The caller holds the county's counter (`ordinals`): strangers and pairs that are not there do
    not appear meanwhile.
    """
    found = Compared()
    if not seen:
        return found
    for one, known in zip(seen, pairs.look_up(county_id, seen, at=at), strict=True):
        if known is None:
            found.strangers.append(one)
        elif known.contact_id is None:
            found.begun.append(one)
        elif known.is_younger:
            continue
        elif known.equals(one):
            found.still.append(known.contact_id)
        else:
            found.changed.append((one, known))
    return found
