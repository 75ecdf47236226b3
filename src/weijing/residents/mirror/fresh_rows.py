"""The rows of pairs and accounts that nobody has seen before, made before anybody has looked.

In a county's first reading that is nearly everyone, and making the rows costs as much as having
PostgreSQL insert them: threads that read from WeCom make them while the one that writes waits for
PostgreSQL. Where the guess was wrong, the lines are thrown away.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from weijing.core.ids import new_ids
from weijing.residents.finding.grams import grams
from weijing.residents.mirror.copy_text import append, array, field
from weijing.residents.mirror.pairs import Fresh, Seen

MAX_NAME_CHARS = 60
UNNAMED = "微信用户"  # WeChat allows a name of nothing but blanks
NULL = r"\N"


def prepared(county_id: int, seen: Sequence[Seen]) -> list[Fresh]:
    """The rows of each, in their order, made now where that was not done before."""
    missing = [one for one in seen if one.fresh is None]
    ids = iter(new_ids(3 * len(missing)))
    for one, contact_id, identity_id, resident_id in zip(missing, ids, ids, ids, strict=True):
        one.fresh = Fresh(
            contact_id,
            identity_id,
            resident_id,
            _contact(county_id, contact_id, one),
            _identity(county_id, identity_id, one),
            _resident(county_id, resident_id, one),
        )
    return [one.fresh for one in seen if one.fresh is not None]


def insert_contacts(rows: Iterable[tuple[Fresh, int]], *, at: datetime) -> None:
    """Pairs, each with its identity. Nobody has them: the county's counter is ours."""
    end = f"\t{at.isoformat()}\n"
    append(
        "residents_contact",
        _CONTACT,
        [f"{fresh.contact}{identity_id}{end}" for fresh, identity_id in rows],
    )


def insert_identities(rows: Iterable[tuple[Fresh, int]]) -> None:
    """Accounts, each with its resident."""
    append(
        "residents_wechatidentity",
        _IDENTITY,
        [f"{fresh.identity}{resident_id}\n" for fresh, resident_id in rows],
    )


def insert_residents(rows: Iterable[Fresh], *, first_ordinal: int) -> None:
    """Provisional ones, numbered in this order."""
    append(
        "residents_resident",
        _RESIDENT,
        [f"{fresh.resident}{number}\n" for number, fresh in enumerate(rows, first_ordinal)],
    )


_CONTACT = (
    "county_id", "id", "officer_id", "state", "remark", "description", "remark_mobiles_sealed",
    "remark_mobile_indexes", "wecom_tag_ids", "added_at", "add_way", "way_state",
    "identity_id", "seen_at",
)  # fmt: skip
_IDENTITY = ("county_id", "id", "external_userid", "nickname", "kind", "resident_id")
_RESIDENT = (
    "county_id", "id", "name", "grams", "lifecycle", "pinyin", "initials", "household_role", "sex",
    "consents", "ordinal",
)  # fmt: skip


def _contact(county_id: int, contact_id: int, one: Seen) -> str:
    columns = one.columns
    sealed = one.sealed_mobiles(contact_id)
    mobiles = NULL if sealed is None else r"\\x" + sealed
    indexes = ",".join(map(str, columns.remark_mobile_indexes))
    return (
        f"{county_id}\t{contact_id}\t{one.officer_id}\tlinked\t{field(columns.remark)}"
        f"\t{field(columns.description)}\t{mobiles}\t{{{indexes}}}"
        f"\t{field(array(columns.wecom_tag_ids))}"
        f"\t{datetime.fromtimestamp(columns.added_at, UTC).isoformat()}\t{columns.add_way}"
        f"\t{field(columns.way_state)}\t"
    )


def _identity(county_id: int, identity_id: int, one: Seen) -> str:
    return (
        f"{county_id}\t{identity_id}\t{field(one.account)}\t{field(one.nickname)}"
        f"\t{one.external.type or 1}\t"
    )


def _resident(county_id: int, resident_id: int, one: Seen) -> str:
    name = one.nickname.strip()[:MAX_NAME_CHARS] or UNNAMED
    return (
        f"{county_id}\t{resident_id}\t{field(name)}\t{field(array(grams(name)))}"
        "\tprovisional\t\t\t\t\t{}\t"
    )
