"""Everyday life driven by a seed: the same seed on the same state does the same."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from random import Random

from wecom_simulator import chatting, friendships, sending
from wecom_simulator.calls import JSON
from wecom_simulator.relations import MUTUAL
from wecom_simulator.world import World

GREETINGS = ("您好，我是村里的", "民警同志您好", "请问户口怎么办理", "好的，谢谢", "收到")
ANSWERS = ("您好，请讲", "收到，我来看看", "请带身份证到警务室", "不客气")


@dataclass(frozen=True)
class Play:
    """How much happens; probabilities are 0-1."""

    seed: int = 1
    scans: int = 0  # new residents who scan a member's own code
    half: float = 0.0  # of those, how many wait for the member's confirmation
    chats: int = 0  # conversations of a question and perhaps an answer
    answered: float = 0.8
    resident_deletes: int = 0
    member_deletes: int = 0
    confirm: float = 0.0  # a waiting mass message is sent by its member


def play(world: World, wanted: Play) -> JSON:
    """What was done, counted: scans, half, chats, answers, …_deletes, confirmed, sent and so on."""
    random = Random(f"play {wanted.seed}")  # noqa: S311
    members = world.store.all(
        "SELECT * FROM member WHERE customer_contact AND status = 1 ORDER BY id"
    )
    if not members:
        raise ValueError("no member with customer contact")
    done: Counter[str] = Counter()
    for number in range(wanted.scans):
        half = random.random() < wanted.half
        _newcomer_scans(world, random.choice(members), random, number, half)
        done["half" if half else "scans"] += 1
    for _ in range(wanted.chats):
        done.update(_converse(world, random, wanted.answered))
    for _ in range(wanted.resident_deletes):
        if pair := _any_pair(world, random):
            friendships.delete_by_resident(world, *pair)
            done["resident_deletes"] += 1
    for _ in range(wanted.member_deletes):
        if pair := _any_pair(world, random):
            friendships.delete_by_member(world, *pair)
            done["member_deletes"] += 1
    for member in members:
        for message in sending.pending(world, member["id"]):
            if random.random() < wanted.confirm:
                counts = sending.confirm(world, member["id"], message["msgid"])
                done["confirmed"] += 1
                done["sent"] += counts[sending.SENT]
                done["not_a_friend"] += counts[sending.NOT_A_FRIEND]
                done["over_quota"] += counts[sending.OVER_QUOTA]
    return dict(done)


def _newcomer_scans(
    world: World, member: sqlite3.Row, random: Random, number: int, half: bool
) -> None:
    external_userid = world.mint("wm", 30)
    world.store.run(
        "INSERT INTO person (external_userid, name, gender) VALUES (?,?,?)",
        external_userid,
        f"微信用户{number + 1}",
        random.choice((1, 2)),
    )
    person = world.store.all("SELECT * FROM person WHERE external_userid = ?", external_userid)[0]
    friendships.apply(world, member, person, half=half)


def _converse(world: World, random: Random, answered: float) -> Counter[str]:
    pair = _any_pair(world, random)
    if pair is None:
        return Counter()
    chatting.write(world, *pair, by_member=False, text=random.choice(GREETINGS))
    if random.random() >= answered:
        return Counter(chats=1)
    answers = random.choice((1, 2, 2, 3, 3))  # about as many as officers of a real county write
    for _ in range(answers):
        chatting.write(world, *pair, by_member=True, text=random.choice(ANSWERS))
    return Counter(chats=1, answers=answers)


def _any_pair(world: World, random: Random) -> tuple[sqlite3.Row, sqlite3.Row] | None:
    """Two friends; drawn through the resident's id, because counting 900,000 rows is slow."""
    top = world.store.value("SELECT coalesce(max(id), 0) FROM person")
    row = world.store.one(
        "SELECT member, person FROM relation WHERE person >= ? AND state = ? "
        "ORDER BY person LIMIT 1",
        random.randint(1, max(1, top)),
        MUTUAL,
    )
    if row is None:
        return None
    member = world.store.one("SELECT * FROM member WHERE id = ?", row["member"])
    person = world.store.one("SELECT * FROM person WHERE id = ?", row["person"])
    return (member, person) if member is not None and person is not None else None
