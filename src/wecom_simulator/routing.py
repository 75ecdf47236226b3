"""Through which member a mass message reaches a customer (doc 92135, notes on routing)."""

import json
from collections import defaultdict
from dataclasses import dataclass, field

from wecom_simulator.relations import MUTUAL, external_ids
from wecom_simulator.world import World


@dataclass
class Addressed:
    pairs: list[tuple[int, int]]  # (member, person), each person once
    failed: list[str] = field(default_factory=list)  # external_userids nobody can reach


def routed(world: World, external_userids: list[str], members: frozenset[int]) -> Addressed:
    """To the member who last chatted with the customer; without any chat, who added them last."""
    known = external_ids(world, external_userids)
    best = _best_followers(world, sorted(known.values()), members)
    addressed = Addressed([])
    for external_userid in external_userids:
        person = known.get(external_userid)
        if person is None or person not in best:
            addressed.failed.append(external_userid)
        else:
            addressed.pairs.append((best[person], person))
    return addressed


def tagged(world: World, tag_lists: list[list[str]], members: frozenset[int]) -> Addressed:
    """Customers with one tag of each list, on the same pair."""
    matching: set[tuple[int, int]] | None = None
    for tags in tag_lists:
        rows = world.store.all(
            "SELECT member, person FROM relation_tag JOIN tag ON tag.id = tag "
            "WHERE tag_id IN (SELECT value FROM json_each(?))",
            json.dumps(tags),
        )
        pairs = {(row[0], row[1]) for row in rows if row[0] in members}
        matching = pairs if matching is None else matching & pairs
    best = _best_followers(world, sorted({person for _, person in matching or ()}), members)
    return Addressed([(member, person) for person, member in best.items()])


def everyone_of(world: World, member: int) -> Addressed:
    rows = world.store.all(
        "SELECT person FROM customer WHERE member = ? AND state >= ? AND (? OR state = ?)",
        member,
        MUTUAL,
        int(not world.settings.deleted_in_fail_list),
        MUTUAL,
    )
    return Addressed([(member, row[0]) for row in rows])


def _best_followers(world: World, persons: list[int], members: frozenset[int]) -> dict[int, int]:
    """Person to member. Friends come before members whom the customer has deleted."""
    followers: dict[int, list[tuple[bool, float, int, int]]] = defaultdict(list)
    for row in world.store.all(
        "SELECT person, member, state, last_chat_at, createtime FROM customer "
        "WHERE person IN (SELECT value FROM json_each(?))",
        json.dumps(persons),
    ):
        friends = row["state"] == MUTUAL
        if row["member"] in members and (friends or not world.settings.deleted_in_fail_list):
            rank = (friends, row["last_chat_at"] or 0.0, row["createtime"], row["member"])
            followers[row["person"]].append(rank)
    return {person: max(ranks)[3] for person, ranks in followers.items()}
