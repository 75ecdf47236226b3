"""What an event says that WeCom's present state does not show.

When a resident deletes the officer, WeCom goes on listing the pair; when a resident has added an
officer who has not accepted yet, WeCom does not list it. Both are known from the event alone. A
hint is kept with the refresh it asks for, the latest event of each kind for each member; it is
weighed against what the refresh reads, never taken for the state.
"""

from wecom_api.callbacks import Event

REMOVED, DELETED, HALF = "removed", "deleted", "half"
KINDS = {
    "del_follow_user": REMOVED,  # by the resident
    "del_external_contact": DELETED,  # by the officer
    "add_half_external_contact": HALF,
}

Hints = dict[str, int]  # "removed chenwei" → Unix seconds


def hint_of(event: Event) -> Hints:
    kind = KINDS.get(event.change_type)
    return {_key(kind, event.user_id): event.create_time} if kind and event.user_id else {}


def merged(*all_hints: Hints) -> Hints:
    """In any order, any number of times: the same result."""
    found: Hints = {}
    for hints in all_hints:
        for key, seconds in hints.items():
            found[key] = max(seconds, found.get(key, seconds))
    return found


def ended_by_resident(hints: Hints, userid: str, *, createtime: int) -> bool:
    """Whether the relation that began at `createtime` is the one the resident has ended.

    An event older than the relation speaks of an earlier one. Within one second we believe the
    ending: to write to somebody who has left would be the worse error.
    """
    return hints.get(_key(REMOVED, userid), -1) >= createtime


def vanished_by_resident(hints: Hints, userid: str) -> bool:
    """Whether a pair that WeCom lists no more was ended by the resident, not the officer."""
    return hints.get(_key(REMOVED, userid), -1) > hints.get(_key(DELETED, userid), -1)


def waiting_for_officer(hints: Hints) -> dict[str, int]:
    """Userids of the members who have yet to accept, and since when."""
    prefix = _key(HALF, "")
    return {key.removeprefix(prefix): at for key, at in hints.items() if key.startswith(prefix)}


def _key(kind: str, userid: str) -> str:
    return f"{kind} {userid.lower()}"
