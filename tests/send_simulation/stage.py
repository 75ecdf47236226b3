"""Where a schedule takes place: a message that has gone out or soon will, its people in a WeCom."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import connection, transaction

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_county,
    make_officer,
    make_resident,
)
from tests.campaigns.pictures import picture
from tests.send_simulation.plan import Plan
from wecom_simulator.clock import Clock
from wecom_simulator.options import parsed
from wecom_simulator.settings import Settings
from wecom_simulator.world import World
from weijing.accounts.models import Officer, Role
from weijing.campaigns import approving, drafting
from weijing.campaigns.content import attaching
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import scheduling
from weijing.residents.models import Resident
from weijing.territory.models import County

BEGINS_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # Tuesday, ten in the morning
GOES_AT = BEGINS_AT + timedelta(seconds=30)  # a scheduled one
BODY = "今晚有暴雨，请不要到河边去，低洼处的住户请提前收好东西。\n隆回县公安局"
WITH_NAME = f"{{民警姓名}}提醒您：{BODY}"
MUTUAL = 2
VILLAGES = ("桃李村", "红星村")


@dataclass(frozen=True)
class Stage:
    """`people` by place in the plan; the first three are the first officer's."""

    world: World
    county: County
    approver: Officer
    officers: list[Officer]
    people: list[Resident]
    campaign: Campaign


@dataclass(frozen=True, order=True)
class Kind:
    """What schedules must have in common to share a stage."""

    both_officers: bool = False
    carries: bool = False
    scheduled: bool = False


def kind_of(plan: Plan) -> Kind:
    return Kind(plan.both_officers, plan.carries, plan.scheduled)


@contextmanager
def stage(kind: Kind) -> Iterator[Stage]:
    """Rows and WeCom for any number of schedules, each of which is rolled back; then these too."""
    with transaction.atomic():
        with connection.cursor() as cursor:  # a busy machine may leave it idle for a while
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield _set(kind)
        transaction.set_rollback(True)


def _set(kind: Kind) -> Stage:
    county = make_county()
    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    approver = make_officer(county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True)
    officers, people = [], []
    for village, number in zip(VILLAGES, (3, 1) if kind.both_officers else (3,), strict=False):
        beat = beat_of(county, "小沙江镇", village)
        officer = make_officer(county, f"Officer{len(officers)}", Role.VILLAGE_AUXILIARY, beat=beat)
        place = division(county, "小沙江镇", village, "1组")
        officers.append(officer)
        for one in range(number):
            resident = make_resident(place, f"罗{one}", consents=("contact", "publicity"))
            make_contact(officer, resident, f"wm{village}{one}")
            people.append(resident)
    campaign = drafting.draft(
        by=author, at=BEGINS_AT, title="防汛提醒", topic="disaster", confirm_hours=24,
        body=WITH_NAME if kind.carries else BODY,
        audience={"all": [{"division": [county.code]}]},
    )  # fmt: skip
    if kind.carries:
        attaching.attach_file(campaign, "路.png", picture("PNG"), by=author, at=BEGINS_AT)
    drafting.submit(campaign, by=author, at=BEGINS_AT, count_seen=len(people))
    if kind.scheduled:
        scheduling.schedule(campaign, by=approver, at=BEGINS_AT, when=GOES_AT)
    else:
        approving.release(campaign, by=approver, at=BEGINS_AT)
    campaign.refresh_from_db()
    world = wecom_world()
    _people_known_to(world, officers, people)
    return Stage(world, county, approver, officers, people, campaign)


@cache
def wecom_world() -> World:
    """One for this process; every schedule starts it anew."""
    place = Path(tempfile.mkdtemp(prefix="weijing-simulation-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    world = World(parsed(["--data-dir", str(place), "--seed", "1"]))
    world.store.run("PRAGMA synchronous = OFF")
    return world


def external_userid(place: int) -> str:
    """Of the person at this place of the stage."""
    return f"wm{VILLAGES[0]}{place}" if place < 3 else f"wm{VILLAGES[1]}{place - 3}"


def _people_known_to(world: World, officers: list[Officer], people: list[Resident]) -> None:
    store = world.store
    for table in ("relation", "person", "member"):
        store.run(f"DELETE FROM {table}")
    for number, officer in enumerate(officers, start=1):
        store.run("INSERT INTO member (id, userid, name) VALUES (?, ?, '民警')",
                  number, officer.wecom_userid)  # fmt: skip
    for place, _ in enumerate(people):
        store.run("INSERT INTO person (id, external_userid, name) VALUES (?, ?, '居民')",
                  place + 1, external_userid(place))  # fmt: skip
        store.run("INSERT INTO relation (member, person, state, createtime) VALUES (?, ?, ?, 1)",
                  1 if place < 3 else 2, place + 1, MUTUAL)  # fmt: skip
    world.directory.forget()
    world.commit()


def begin_anew(world: World, plan: Plan) -> None:
    """WeCom as it was before the campaign, with the moods that the plan gives it."""
    store = world.store
    for table in ("mass_message", "mass_task", "mass_recipient", "app_message",
                  "app_message_digest", "access_token", "media"):  # fmt: skip
        store.run(f"DELETE FROM {table}")
    store.run("UPDATE relation SET state = ?", MUTUAL)
    world.settings = Settings(
        list_lag_seconds=plan.list_lag_seconds,
        mass_dispatch_seconds=plan.dispatch_seconds,
        deleted_in_fail_list=plan.unreachable_in_fail_list,
        over_quota_in_fail_list=plan.unreachable_in_fail_list,
        media_seconds=int(plan.media_seconds),
        quota_mode="week",  # seven: a second message must arrive, and be seen
        lower_case_userids=plan.seed % 2 == 0,
    )
    world.clock = Clock(frozen_at=BEGINS_AT.timestamp())
    world.random.seed(plan.seed)
    world.limits.reset()
    world.faults.clear()
    world.commit()
