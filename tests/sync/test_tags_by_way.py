"""Whoever scans a code that has tags carries them from the first moment on."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connections, transaction

from tests.builders import beat_of, make_officer, make_tag
from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from wecom_api.customers import ExternalContact
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.core.errors import PermissionDenied
from weijing.residents.mirror import contacts
from weijing.residents.models import ContactWay, WechatIdentity
from weijing.residents.ways import telling, wanting
from weijing.sync import refreshing
from weijing.tags import assigning, by_way
from weijing.tags.catalogue import retiring
from weijing.tags.models import Tag, TagAssignment, TagProjection
from weijing.territory.models import County

Now = Callable[[], datetime]


class Poster:
    """桃李村's code, made, and the chief who says what it gives."""

    def __init__(self, county: County, simulator: Simulator, wecom: WeCom, now: Now) -> None:
        self.county, self.wecom, self.now = county, wecom, now
        self.corp = Corp(simulator)
        self.corp.found(officers=1)
        beat = beat_of(county, "小沙江镇", "桃李村")
        make_officer(county, "p1", Role.VILLAGE_AUXILIARY, beat=beat)
        self.chief = make_officer(county, "chief", Role.STATION_COMMAND, station=beat.station)
        self.way = wanting.for_beat(beat, by=self.chief, at=now())
        telling.tell_due(county.pk, wecom=wecom, now=now)
        self.way.refresh_from_db()
        self.truck = make_tag(county, "TRF01001", "重型货车")

    @property
    def scope(self) -> Scope:
        return scope_of(self.chief, at=self.now())

    def give(self, *tags: Tag) -> None:
        by_way.set_tags(self.way, tags, by=self.chief, scope=self.scope, at=self.now())

    def scanned(self, config_id: str = "", **more: str) -> str:
        who = {"config_id": config_id or self.way.config_id, **more}
        if "external_userid" not in who:
            who["resident"] = {"name": "山里人家"}  # type: ignore[assignment]
        met = self.corp.act("scan", **who)
        self.read(str(met["external_userid"]))
        return str(met["external_userid"])

    def read(self, external_userid: str) -> None:
        refreshing.refresh_one(self.county.pk, external_userid, self.wecom, read_at=self.now())

    def carried(self, external_userid: str) -> list[tuple[str, str]]:
        person = WechatIdentity.objects.get(external_userid=external_userid).resident
        rows = TagAssignment.objects.filter(resident=person).order_by("tag__code")
        return list(rows.values_list("tag__name", "source"))


@pytest.fixture
def poster(county: County, simulator: Simulator, wecom: WeCom, now: Now) -> Poster:
    return Poster(county, simulator, wecom, now)


def test_who_scans_the_code_carries_its_tags_and_wecom_will_show_them(poster: Poster) -> None:
    poster.give(poster.truck)
    external = poster.scanned()

    assert poster.carried(external) == [("重型货车", "way")]
    assert TagProjection.objects.count() == 1


def test_who_came_another_way_carries_none(poster: Poster) -> None:
    poster.give(poster.truck)
    met = poster.corp.act("scan", userid="p1", resident={"name": "云淡风轻"})
    poster.read(str(met["external_userid"]))

    assert poster.carried(str(met["external_userid"])) == []


def test_reading_the_contact_again_does_not_bring_a_tag_back(poster: Poster) -> None:
    poster.give(poster.truck)
    external = poster.scanned()
    person = WechatIdentity.objects.get(external_userid=external).resident
    assigning.remove(person, [poster.truck], by=poster.chief, at=poster.now())

    poster.read(external)

    assert poster.carried(external) == []


def test_what_an_officer_noted_stays_as_noted(poster: Poster) -> None:
    external = poster.corp.friend("p1")
    poster.read(external)
    person = WechatIdentity.objects.get(external_userid=external).resident
    assigning.assign(person, [poster.truck], source="visit", by=poster.chief, at=poster.now())
    poster.corp.member("p2", department=[2])
    make_officer(poster.county, "p2", serves_residents=True)
    poster.give(poster.truck)
    added = poster.wecom.contact_ways.add(user=["p2"], state=poster.way.state)

    poster.scanned(added.config_id, external_userid=external)

    assert poster.carried(external) == [("重型货车", "visit")]


def test_a_code_gives_nothing_that_needs_the_person_s_own_word(poster: Poster) -> None:
    for tag in (
        make_tag(poster.county, "GRD05001", "易受骗提醒", needs_separate_consent=True),
        make_tag(poster.county, "GRD02001", "独居老人", set_by_resident_only=True),
        make_tag(poster.county, "TRF04001", "事故多发路段", subject="road"),
    ):
        with pytest.raises(by_way.NotForEverybody):
            poster.give(poster.truck, tag)
    assert by_way.tags_of(poster.way) == []


def test_a_code_gives_few_tags_and_only_its_own_station_says_which(poster: Poster) -> None:
    many = [make_tag(poster.county, f"TRF0100{n}", f"车型{n}") for n in range(2, 8)]
    with pytest.raises(by_way.TooManyTags):
        poster.give(*many)
    far = beat_of(poster.county, "金石桥镇", "桃李村")
    theirs = ContactWay.objects.create(
        county=poster.county, beat=far, state="wFAR", created_at=poster.now()
    )
    with pytest.raises(PermissionDenied):
        by_way.set_tags(
            theirs, [poster.truck], by=poster.chief, scope=poster.scope, at=poster.now()
        )


def test_half_a_contact_carries_them_once_it_is_whole(poster: Poster, simulator: Simulator) -> None:
    poster.give(poster.truck)
    half = {"config_id": poster.way.config_id, "half": True}
    met = poster.corp.act("scan", **half, resident={"name": "半个"})
    external = str(met["external_userid"])
    officer = Officer.objects.get(wecom_userid="p1")
    stranger = ExternalContact(external_userid=external, name="半个", type=1)
    contacts.record_half(poster.county.pk, officer.pk, stranger, at=poster.now())
    assert poster.carried(external) == []

    simulator.advance(5)
    poster.corp.act("accept", userid="p1", external_userid=external)
    poster.read(external)
    assert poster.carried(external) == [("重型货车", "way")]


def test_an_ended_tag_that_a_code_still_has_costs_nobody_their_contact(poster: Poster) -> None:
    lorry = make_tag(poster.county, "TRF01002", "校车")
    poster.give(poster.truck, lorry)
    Tag.objects.filter(pk=poster.truck.pk).update(retired_at=poster.now())

    external = poster.scanned()

    assert poster.carried(external) == [("校车", "way")]


def test_where_every_tag_of_a_code_has_ended_people_come_without(poster: Poster) -> None:
    poster.give(poster.truck)
    Tag.objects.filter(pk=poster.truck.pk).update(retired_at=poster.now())

    assert poster.carried(poster.scanned()) == []


def test_a_code_is_not_given_a_tag_that_has_ended(poster: Poster) -> None:
    Tag.objects.filter(pk=poster.truck.pk).update(retired_at=poster.now())
    with pytest.raises(assigning.TagHasEnded):
        poster.give(poster.truck)
    assert by_way.tags_of(poster.way) == []


@pytest.mark.django_db(transaction=True)
def test_whoever_ends_a_tag_while_a_code_gets_it_takes_it_off_again(poster: Poster) -> None:
    keeper = make_officer(poster.county, "keeper", Role.CAMPAIGN_APPROVER, county_desk=True)

    def retire() -> None:
        scope = scope_of(keeper, at=poster.now())
        retiring.retire(poster.truck, reason="不用了", by=keeper, scope=scope, at=poster.now())
        connections.close_all()

    with transaction.atomic():
        poster.give(poster.truck)
        other = threading.Thread(target=retire)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
    other.join()
    assert by_way.tags_of(poster.way) == []
