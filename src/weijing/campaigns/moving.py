"""A share moves from state to state by one guarded update; whoever comes second changes nothing."""

from typing import Any

from weijing.campaigns.models import Share

State = Share.State

# Still to come: WeCom has the task or may get it.
UNCONFIRMED = (State.WAITING, State.ASKING, State.UNSURE, State.ASKED)
LIVE = (*UNCONFIRMED, State.CONFIRMED)
ENDED = (State.FINISHED, State.REFUSED, State.CANCELLED, State.LAPSED)

STEPS: dict[str, frozenset[str]] = {
    State.WAITING: frozenset(
        # Asked straight from waiting: a task we had given up looking for turned up after all.
        {State.WAITING, State.ASKING, State.ASKED, State.CANCELLED, State.LAPSED}
    ),
    State.ASKING: frozenset(
        {State.ASKING, State.WAITING, State.ASKED, State.UNSURE, State.REFUSED, State.CANCELLED}
    ),
    State.UNSURE: frozenset(
        {State.UNSURE, State.WAITING, State.ASKED, State.REFUSED, State.CANCELLED, State.LAPSED}
    ),
    State.ASKED: frozenset({State.ASKED, State.CONFIRMED, State.CANCELLED, State.LAPSED}),
    State.CONFIRMED: frozenset({State.CONFIRMED, State.FINISHED}),
}


def move(
    share: Share, *sources: str, to: str, at_attempt: int | None = None, **fields: Any
) -> bool:
    """Whether the share was in one of `sources` (and at `at_attempt`, if given) and has moved.

    `share` itself is brought up to date only when it has.
    """
    for source in sources:
        if to not in STEPS.get(source, frozenset()):
            raise ValueError(f"a share does not go from {source} to {to}")
    rows = Share.objects.filter(county_id=share.county_id, pk=share.pk, state__in=sources)
    if at_attempt is not None:
        rows = rows.filter(attempt=at_attempt)
    # The filtered update is the guard; do not replace it with a read followed by a save.
    if not rows.update(state=to, **fields):
        return False
    share.state = to
    for name, value in fields.items():
        setattr(share, name, value)
    return True
