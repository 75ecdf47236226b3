"""WeCom's tags on each pair become those of the person; faults delay, they never lose."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.builders import beat_of, division, give_tag, make_contact, make_officer, make_resident
from tests.builders import make_tag as plain_tag
from tests.wecom_simulator.running import FROZEN_SECONDS, Simulator
from wecom_api import WeCom
from weijing.accounts.models import Officer, Role
from weijing.residents.labels import composing, pushing
from weijing.residents.models import Contact, Resident
from weijing.tags import assigning, catalogue_sync, marking, projecting
from weijing.tags.models import Tag, TagProjection
from weijing.territory.models import County

AT = datetime.fromtimestamp(FROZEN_SECONDS, UTC)


@pytest.fixture
def officer(county: County, simulator: Simulator) -> Officer:
    simulator.member("yang")
    beat = beat_of(county, "小沙江镇", "桃李村")
    return make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)


@pytest.fixture
def resident(county: County) -> Resident:
    return make_resident(
        division(county, "小沙江镇", "桃李村", "1组"), phone="19900000412", household_role="head"
    )


@pytest.fixture
def contact(simulator: Simulator, officer: Officer, resident: Resident) -> Contact:
    return make_contact(officer, resident, simulator.friend("yang"))


@pytest.fixture
def tags(county: County, wecom: WeCom) -> list[Tag]:
    plain_tag(county, "TRF01001", "重型货车", group_name="营运车辆")
    plain_tag(county, "TRF01002", "校车")
    plain_tag(county, "GRD02001", "独居老人", group_name="老年人关爱", needs_separate_consent=True)
    catalogue_sync.sync_catalogue(county, wecom=wecom)
    return list(Tag.objects.order_by("-code").select_related("group"))


@pytest.fixture
def shown(simulator: Simulator, contact: Contact) -> Callable[[], set[str]]:
    """The names of the tags WeCom shows on the pair."""

    def names() -> set[str]:
        found = simulator.read(
            "externalcontact/get", external_userid=contact.identity.external_userid
        )
        return {tag["tag_name"] for tag in found["follow_user"][0]["tags"]}

    return names


def project(county: County, wecom: WeCom, at: datetime = AT) -> int:
    return marking.project_due(county.pk, wecom=wecom, at=at + timedelta(seconds=1))


def test_what_the_person_carries_is_shown_on_the_pair(
    county: County,
    wecom: WeCom,
    contact: Contact,
    resident: Resident,
    tags: list[Tag],
    shown: Callable[[], set[str]],
) -> None:
    bus, lorry = tags[:2]
    assigning.assign(resident, [bus, lorry], source="visit", by=None, at=AT)
    assert project(county, wecom) == 1
    assert shown() == {"重型货车", "校车"}
    contact.refresh_from_db()
    assert contact.wecom_tag_ids == sorted([bus.wecom_tag_id, lorry.wecom_tag_id])

    assigning.remove(resident, [bus], by=None, at=AT)
    assert project(county, wecom) == 1
    assert shown() == {"重型货车"}
    assert not TagProjection.objects.exists()


def test_sensitive_tags_never_reach_wecom(
    county: County,
    wecom: WeCom,
    simulator: Simulator,
    contact: Contact,
    resident: Resident,
    tags: list[Tag],
    shown: Callable[[], set[str]],
) -> None:
    Resident.objects.filter(pk=resident.pk).update(consents=["GRD02"])
    assigning.assign(resident, tags, source="self", by=None, at=AT)
    project(county, wecom)
    assert shown() == {"重型货车", "校车"}
    library = simulator.call("externalcontact/get_corp_tag_list")["tag_group"]
    assert "独居老人" not in str(library)
    assert "老年人关爱" not in str(library)


def test_tags_of_others_are_left_alone(
    county: County,
    wecom: WeCom,
    simulator: Simulator,
    contact: Contact,
    resident: Resident,
    tags: list[Tag],
    shown: Callable[[], set[str]],
) -> None:
    group = wecom.tags.add_corp_tag([projecting_new("别人的")], group_name="别的应用")
    external = contact.identity.external_userid
    wecom.tags.mark_tag("yang", external, add_tag=[group.tag[0].id])
    Contact.objects.update(wecom_tag_ids=[group.tag[0].id])
    assigning.assign(resident, tags[:1], source="visit", by=None, at=AT)
    project(county, wecom)
    assert shown() == {"别人的", "校车"}


def projecting_new(name: str) -> object:
    from wecom_api.tags import NewTag

    return NewTag(name)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_500", "times": 9},
        {"kind": "not_arrived", "times": 9},
        {"kind": "errcode", "errcode": 45009, "times": 9},
        {"kind": "errcode", "errcode": -1, "times": 9},
        {"kind": "arrived_no_reply", "times": 9},
    ],
)
def test_while_wecom_is_away_the_pair_waits_and_then_is_made_equal(
    county: County,
    wecom: WeCom,
    simulator: Simulator,
    contact: Contact,
    resident: Resident,
    tags: list[Tag],
    shown: Callable[[], set[str]],
    fault: dict[str, object],
) -> None:
    assigning.assign(resident, tags[:2], source="visit", by=None, at=AT)
    simulator.admin("faults", api="externalcontact/mark_tag", **fault)
    assert project(county, wecom) == 0
    assert TagProjection.objects.get().parked_because == ""
    simulator.admin("faults", "DELETE")
    simulator.admin("limits/reset")
    client = fresh_client(simulator)  # 45009 makes a client wait; another process need not
    assert project(county, client) == 1
    assert shown() == {"重型货车", "校车"}
    client.close()


def fresh_client(simulator: Simulator) -> WeCom:
    from wecom_api import Transport

    facts = simulator.facts
    return WeCom(
        corpid=facts["corpid"],
        secret=facts["secret"],
        agentid=facts["agentid"],
        transport=Transport(facts["base_url"].removesuffix("/cgi-bin/"), 5.0),
    )


def test_a_refused_pair_is_parked_with_the_reason_and_does_not_stop_the_next(
    county: County,
    wecom: WeCom,
    simulator: Simulator,
    officer: Officer,
    resident: Resident,
    tags: list[Tag],
) -> None:
    stranger = make_resident(division(county, "小沙江镇", "桃李村", "2组"), "周示例")
    gone = make_contact(officer, stranger, "wmNobody")
    assigning.assign(stranger, tags[:1], source="visit", by=None, at=AT)
    contact = make_contact(officer, resident, simulator.friend("yang"))
    assigning.assign(resident, tags[:1], source="visit", by=None, at=AT)

    assert project(county, wecom) == 1
    parked = TagProjection.objects.get()
    assert parked.contact == gone
    assert parked.parked_because.startswith(("UnknownCustomer", "NotAFollower"))
    contact.refresh_from_db()
    assert len(contact.wecom_tag_ids) == 1

    # The next change of the person is a new reason to try.
    assigning.assign(stranger, tags[1:2], source="visit", by=None, at=AT)
    assert TagProjection.objects.get(contact=gone).parked_because == ""


@pytest.mark.django_db(transaction=True)
def test_a_change_during_the_call_is_not_forgotten(
    county: County, contact: Contact, resident: Resident, tags: list[Tag]
) -> None:
    bus, lorry = tags[:2]

    class Interrupting:
        """Answers like WeCom; while it does, the officer takes another tag."""

        tags: "Interrupting"

        def mark_tag(self, *_args: object, **_marks: object) -> None:
            try:
                assigning.assign(resident, [lorry], source="visit", by=None, at=AT)
            finally:
                connection.close()  # a thread's own

    wecom = Interrupting()
    wecom.tags = wecom
    assigning.assign(resident, [bus], source="visit", by=None, at=AT)
    settled = marking.project_due(county.pk, wecom=wecom, at=AT + timedelta(seconds=1))  # type: ignore[arg-type]
    assert settled == 0
    assert TagProjection.objects.count() == 1, "the second change still waits"


def test_the_nightly_comparison_finds_exactly_what_differs(
    county: County,
    wecom: WeCom,
    contact: Contact,
    resident: Resident,
    tags: list[Tag],
    shown: Callable[[], set[str]],
) -> None:
    assigning.assign(resident, tags[:1], source="visit", by=None, at=AT)
    project(county, wecom)
    assert projecting.want_all_differing(county.pk, at=AT) == 0

    give_tag(resident, tags[1])  # behind our back
    assert projecting.want_all_differing(county.pk, at=AT) == 1
    assert projecting.want_all_differing(county.pk, at=AT) == 0
    project(county, wecom)
    assert shown() == {"重型货车", "校车"}


def test_many_pairs_of_one_chunk_are_made_equal_and_counted(
    county: County, wecom: WeCom, simulator: Simulator, officer: Officer, tags: list[Tag]
) -> None:
    place = division(county, "小沙江镇", "桃李村", "1组")
    for number in range(30):
        neighbour = make_resident(place, f"罗样例{number}")
        make_contact(officer, neighbour, simulator.friend("yang"))
        assigning.assign(neighbour, tags[:2], source="visit", by=None, at=AT)
    assert project(county, wecom) == 30
    assert not TagProjection.objects.exists()
    assert projecting.want_all_differing(county.pk, at=AT) == 0
    lists = Contact.objects.values_list("wecom_tag_ids", flat=True)
    assert [len(ids) for ids in lists] == [2] * 30


def test_an_ended_pair_is_settled_without_a_call(
    county: County, contact: Contact, resident: Resident, tags: list[Tag]
) -> None:
    assigning.assign(resident, tags[:1], source="visit", by=None, at=AT)
    Contact.objects.update(state="removed_by_officer")
    settled = marking.project_due(county.pk, wecom=None, at=AT + timedelta(seconds=1))  # type: ignore[arg-type]
    assert settled == 1


def test_the_remark_and_phone_are_written_to_wecom(
    county: County, wecom: WeCom, simulator: Simulator, contact: Contact
) -> None:
    Contact.objects.filter(pk=contact.pk).update(description="女儿代收", labelled_at=AT)
    contact = Contact.objects.get(pk=contact.pk)
    assert pushing.push_remark(county.pk, contact.pk, wecom=wecom, at=AT)
    found = simulator.read("externalcontact/get", external_userid=contact.identity.external_userid)[
        "follow_user"
    ][0]
    assert found["remark"] == composing.remark_of(contact) == "桃李1组-罗样例-户主"
    assert found["remark_mobiles"] == ["19900000412"]
    assert found["description"] == "女儿代收"
    kept = Contact.objects.get(pk=contact.pk)
    assert kept.remark == found["remark"]
    assert kept.remark_mobile_indexes == [contact.identity.resident.phone_index]


def test_a_remark_wecom_refuses_is_noted_and_not_repeated(
    county: County, wecom: WeCom, officer: Officer, resident: Resident
) -> None:
    gone = make_contact(officer, resident, "wmNobody", labelled_at=AT)
    assert not pushing.push_remark(county.pk, gone.pk, wecom=wecom, at=AT)
    assert Contact.objects.get(pk=gone.pk).remark == ""
