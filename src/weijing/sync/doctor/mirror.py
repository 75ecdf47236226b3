"""I16: what we hold of WeCom equals what WeCom says when it is asked afresh.

Only while nothing happens can the two be compared: run this when callbacks are taken and wishes
fulfilled. What the API hides (a pair that the resident has ended is still listed) cannot differ.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from wecom_api import WeCom
from wecom_api.customers import CustomerOfMember
from wecom_api.group_messages import TASK_NOT_SENT
from wecom_api.members import DISABLED, LEFT
from weijing.accounts.models import Officer
from weijing.campaigns.models import Delivery, Share
from weijing.campaigns.receipts import task_of
from weijing.core import clock
from weijing.core.env import keyring
from weijing.core.sealed import place
from weijing.residents.models import Contact
from weijing.sync import departments
from weijing.sync.contacts_full import THREADS
from weijing.sync.doctor.checks import Check, Offenders, Patient
from weijing.sync.serving import officer_ids, serving_officers
from weijing.sync.traversing import grouped, traverse
from weijing.tags.models import Tag
from weijing.tags.projecting import is_projected
from weijing.territory.models import Station

LISTED = (Contact.State.LINKED, Contact.State.REMOVED_BY_RESIDENT)
COLUMNS = (
    "id", "officer_id", "identity__external_userid", "identity__nickname", "state", "remark",
    "description", "remark_mobiles_sealed", "wecom_tag_ids", "added_at", "add_way", "way_state",
)  # fmt: skip


def officers_equal(patient: Patient) -> Offenders:
    """By userid: officers that differ from members, in being there, name, or service."""
    book = departments.read(_wecom(patient))
    theirs = {
        member.userid.lower(): (member.name[:40], member.userid.lower() in book.serving)
        for member in book.members
        if member.status not in (DISABLED, LEFT)
    }
    rows = Officer.objects.filter(county_id=patient.county.pk).exclude(wecom_userid="")
    ours = {
        officer.wecom_userid.lower(): (officer.name, officer.serves_residents)
        for officer in rows
        if officer.is_active
    }
    ended_here = {officer.wecom_userid.lower() for officer in rows if not officer.is_active}
    found = Offenders()
    for userid in sorted(ours.keys() | theirs.keys()):
        if userid not in ours and userid in ended_here and not _left_by_wecom(rows, userid):
            continue  # a person here has ended the account; WeCom need not agree
        if ours.get(userid) != theirs.get(userid):
            found.add(userid)
    return found


def _left_by_wecom(rows: Iterable[Officer], userid: str) -> bool:
    officer = next(row for row in rows if row.wecom_userid.lower() == userid)
    return departments.left_by_wecom(officer)


def stations_equal(patient: Patient) -> Offenders:
    """Stations bound to a department that WeCom has under another name, or not at all."""
    theirs = {one.id: one.name for one in _wecom(patient).departments.list()}
    found = Offenders()
    for station in Station.objects.filter(
        county_id=patient.county.pk, wecom_department_id__isnull=False
    ):
        name = theirs.get(station.wecom_department_id or 0)
        if name is None or (name and name != station.name):
            found.add(station.pk)
    return found


def tags_equal(patient: Patient) -> Offenders:
    """Tags officers should see in WeCom that are not there, or under another name."""
    library = {
        tag.id: tag.name for group in _wecom(patient).tags.get_corp_tag_list() for tag in group.tag
    }
    found = Offenders()
    tags = Tag.objects.filter(county_id=patient.county.pk).select_related("group")
    for tag in tags.order_by("code"):
        if is_projected(tag) and library.get(tag.wecom_tag_id) != tag.name:
            found.add(tag.code)
    return found


def contacts_equal(patient: Patient) -> Offenders:
    """Pairs, as officer:external_userid, of which anything at all differs; both ways."""
    county_id = patient.county.pk
    officers = officer_ids(county_id)
    userids = [officer.wecom_userid for officer in serving_officers(county_id)]
    found, seen = Offenders(), set[int]()
    groups = grouped(userids, threads=THREADS)
    while not all(group.done for group in groups):
        for portion in traverse(
            groups, _wecom(patient), threads=THREADS, now=clock.now, prepare=list
        ):
            _compare(county_id, portion.rows, officers, seen, found)
            group = groups[portion.group]
            group.cursor, group.done = portion.cursor, portion.done or bool(portion.split)
            groups += portion.split
    listed = Contact.objects.filter(
        county_id=county_id, officer_id__in=officers.values(), state__in=LISTED
    )
    for id, officer_id, external_userid in listed.values_list(
        "pk", "officer_id", "identity__external_userid"
    ).iterator(chunk_size=20_000):
        if id not in seen:
            found.add(f"{officer_id}:{external_userid}")
    return found


def _compare(
    county_id: int,
    rows: list[CustomerOfMember],
    officers: dict[str, int],
    seen: set[int],
    found: Offenders,
) -> None:
    known = {
        (row["officer_id"], row["identity__external_userid"]): row
        for row in Contact.objects.filter(
            county_id=county_id,
            officer_id__in={officers.get(row.follow_info.userid.lower()) for row in rows},
            identity__external_userid__in=[row.external_contact.external_userid for row in rows],
        ).values(*COLUMNS)
    }
    for row in rows:
        officer_id = officers.get(row.follow_info.userid.lower())
        external_userid = row.external_contact.external_userid
        ours = known.get((officer_id or 0, external_userid))
        if ours is None or ours["state"] not in LISTED or not _equal(ours, row):
            found.add(f"{officer_id}:{external_userid}")
        if ours is not None:
            seen.add(ours["id"])


def _equal(ours: dict[str, Any], theirs: CustomerOfMember) -> bool:
    follow, external = theirs.follow_info, theirs.external_contact
    return (
        ours["identity__nickname"] == external.name[:120]
        and ours["remark"] == follow.remark[:60]
        and ours["description"] == follow.description[:300]
        and _mobiles(ours) == [*follow.remark_mobiles]
        and sorted(ours["wecom_tag_ids"]) == sorted(follow.tag_id)
        and ours["added_at"] == datetime.fromtimestamp(follow.createtime, UTC)
        and ours["add_way"] == follow.add_way
        and ours["way_state"] == follow.state[:64]
    )


def _mobiles(ours: dict[str, Any]) -> list[str]:
    if not ours["remark_mobiles_sealed"]:
        return []
    where = place(Contact._meta.db_table, "remark_mobiles_sealed", ours["id"])
    mobiles: list[str] = json.loads(
        keyring().unseal(bytes(ours["remark_mobiles_sealed"]), place=where)
    )
    return mobiles


def shares_equal(patient: Patient) -> Offenders:
    """Shares whose confirmation or results differ from the task in WeCom."""
    wecom, found = _wecom(patient), Offenders()
    states = (Share.State.ASKED, Share.State.CONFIRMED, Share.State.FINISHED)
    shares = Share.objects.filter(county_id=patient.county.pk, state__in=states, stop="")
    for share in shares.select_related("officer").iterator(chunk_size=500):
        task = task_of(share, wecom.group_messages.task(share.msgid or ""))
        confirmed = task is not None and task.status != TASK_NOT_SENT
        if confirmed != (share.state != Share.State.ASKED) or not _results_equal(share, wecom):
            found.add(share.pk)
    return found


RESULTS = {
    0: Delivery.Result.PENDING,
    1: Delivery.Result.SENT,
    2: Delivery.Result.NOT_FRIEND,
    3: Delivery.Result.OVER_QUOTA,
}


def _results_equal(share: Share, wecom: WeCom) -> bool:
    """Of a share that has ended; results of another are still coming in."""
    if share.state != Share.State.FINISHED:
        return True
    theirs = {
        one.external_userid: RESULTS.get(one.status)
        for one in wecom.group_messages.send_result(share.msgid or "", share.officer.wecom_userid)
    }
    ours = dict(
        Delivery.objects.filter(county_id=share.county_id, share=share).values_list(
            "external_userid", "result"
        )
    )
    return all(ours.get(name) == result for name, result in theirs.items())


def _wecom(patient: Patient) -> WeCom:
    assert patient.wecom is not None  # deep checks run with a line only
    return patient.wecom


CHECKS = (
    Check(
        "mirror.officers", "I16", "Our officers are the members that WeCom shows.",
        officers_equal, is_deep=True,
    ),
    Check(
        "mirror.stations", "I16", "Stations bear the names of their departments.",
        stations_equal, is_deep=True,
    ),
    Check(
        "mirror.tags", "I16", "Every tag officers may see is in WeCom under its name.",
        tags_equal, is_deep=True,
    ),
    Check(
        "mirror.contacts", "I16",
        "Every contact, with remark, phones and tags, is as WeCom shows it; none is missing.",
        contacts_equal, is_deep=True,
    ),
    Check(
        "mirror.shares", "I16", "Confirmations and results are those of WeCom's tasks.",
        shares_equal, is_deep=True,
    ),
)  # fmt: skip
