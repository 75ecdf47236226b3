"""Two at one contact in the same moment, each with a connection of their own."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.builders import (
    LONG_AGO,
    beat_of,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from tests.web.officer.conftest import BACKEND
from weijing.accounts.models import Posting, Role
from weijing.core import clock
from weijing.residents.labels import labelling
from weijing.residents.merges import merging
from weijing.residents.models import Contact, Household, Resident, WechatIdentity

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = """SELECT count(*) FROM pg_locks waiting JOIN pg_stat_activity who USING (pid)
WHERE NOT waiting.granted AND who.datname = current_database()"""


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each returned; all begin together."""
    together, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int) -> None:
        together.wait()
        try:
            found[number] = acts[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_of_two_officers_one_saves_and_the_other_is_told(beat):
    contact = beat.stranger("山里人家")
    colleague = make_officer(beat.county, "peng", Role.VILLAGE_AUXILIARY, name="彭示范")
    Posting.objects.create(
        county=beat.county, officer=colleague, kind="deputy",
        beat=beat_of(beat.county, "小沙江镇", "桃李村"), starts_at=LONG_AGO,
    )  # fmt: skip
    theirs = make_contact(colleague, contact.identity.resident)
    seen = labelling.whom_seen(contact.identity.resident)

    def save(officer: Any, pair: Contact, name: str, house: str) -> Any:
        client = Client()
        client.force_login(officer, backend=BACKEND)
        form = beat.form(name=name, house=house, seen=seen)
        return lambda: client.post(f"/o/contacts/{pair.pk}/label/", form)

    answers = at_once(
        save(beat.officer, contact, "罗样例", "12"), save(colleague, theirs, "罗示例", "8")
    )

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert "没有保存" in loser.content.decode()
    person = Resident.objects.get()
    assert (person.name, person.household.address) in [("罗样例", "12号"), ("罗示例", "8号")]
    assert Household.objects.count() == 1, "nothing of the one who came second"


def test_a_merge_and_a_label_at_once_lose_nothing_and_block_nobody(beat):
    contact = beat.stranger("山里人家")
    home = make_household(beat.place(), "7")
    person = make_resident(beat.place(), "罗示例", household=home)
    seen = labelling.whom_seen(contact.identity.resident)
    pair = merging.Pair(contact.identity.resident_id, person.pk)

    def merge() -> str:
        try:
            merging.merge(beat.county.pk, [pair], by=None, at=clock.now())
        except merging.CannotMerge:
            return "refused"
        return "merged"

    def label() -> int:
        form = beat.form(seen=seen)
        return beat.client.post(f"/o/contacts/{contact.pk}/label/", form).status_code

    outcome = tuple(at_once(merge, label))

    assert outcome in {("merged", 409), ("refused", 302)}
    contact.refresh_from_db()
    name = {"merged": "罗示例", "refused": "罗样例"}[outcome[0]]
    assert contact.identity.resident.name == name


def test_whoever_would_wait_for_ever_is_told_to_save_again(beat):
    """A reading of WeCom holds the account and wants the person; labelling has them the other
    way round."""
    contact = beat.stranger("山里人家")
    person = contact.identity.resident
    holds = threading.Event()

    def read() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            WechatIdentity.objects.select_for_update().get(pk=contact.identity_id)
            holds.set()
            for _ in range(500):
                cursor.execute(WAITING)
                if cursor.fetchone()[0]:
                    break
                time.sleep(0.02)
            Resident.objects.filter(pk=person.pk).update(reach="wechat")

    def label() -> Any:
        holds.wait(30)
        return beat.client.post(f"/o/contacts/{contact.pk}/label/", beat.form())

    _, answer = at_once(read, label)

    assert answer.status_code == 422
    assert "刚才别人也在改这份资料" in answer.content.decode()
    assert Resident.objects.get().reach == "wechat"
    contact.refresh_from_db()
    assert contact.labelled_at is None
