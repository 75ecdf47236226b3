"""kill -9 of the web in the middle of posts: what was acknowledged stands, nothing stands half."""

import os
import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.db import connection, transaction

from tests.builders import give_tag, make_tag
from tests.web.desk.conftest import PASSWORD, Desk, build
from tests.web.officer.conftest import Beat
from tests.web.officer.conftest import beat as beat
from tests.web.web_process import Visitor, WebProcess, sessions, wait_until
from weijing.audit.models import AuditEntry
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.residents.models import ConsentRecord, Contact, Household, Resident
from weijing.territory.models import County

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 3
THREADS = 4
# granian gives up on a server that dies this soon after it was started anew: somebody has to look.
CRASH_LOOP_SECONDS = 6


@pytest.fixture
def web(county: County, tmp_path: Path) -> Iterator[WebProcess]:
    one = WebProcess(tmp_path / "web.log")
    yield one
    one.kill()


@pytest.fixture
def desk(county: County) -> Desk:
    return build(county)


class Posts:
    """Forms that are sent by several people at once until somebody pulls the plug."""

    def __init__(self, send: Callable[[int], httpx.Response], ids: list[int]) -> None:
        self._send = send
        self.waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for id in ids:
            self.waiting.put(id)
        self.acknowledged: list[int] = []
        self.unanswered: list[int] = []

    def until(self, pull_the_plug: Callable[[], None] | None) -> None:
        """Send; after a few answers pull the plug, or without one send everything."""
        stop = threading.Event()
        goal = len(self.acknowledged) + random.randint(1, 4)
        with ThreadPoolExecutor(THREADS) as people:
            sending = [people.submit(self._person, stop) for _ in range(THREADS)]
            if pull_the_plug:
                wait_until(lambda: len(self.acknowledged) >= goal, 60)
                time.sleep(random.uniform(0, 0.1))
                stop.set()
                pull_the_plug()
            for one in sending:
                one.result()

    def send_the_unanswered_again(self) -> None:
        for id in self.unanswered:
            self.waiting.put(id)
        self.unanswered = []

    def _person(self, stop: threading.Event) -> None:
        while not stop.is_set() and not self.waiting.empty():
            id = self.waiting.get()
            try:
                answer = self._send(id)
            except httpx.HTTPError:
                self.unanswered.append(id)
                return
            assert answer.status_code == 302, answer.text
            self.acknowledged.append(id)


def own_windows(visitor: Visitor) -> Callable[[], Visitor]:
    kept = threading.local()

    def mine() -> Visitor:
        if not hasattr(kept, "visitor"):
            kept.visitor = visitor.copy()
        return kept.visitor  # type: ignore[no-any-return]

    return mine


def jobs(task: str, **argument: int) -> int:
    [(name, value)] = argument.items()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND args ->> %s = %s",
            [task, name, str(value)],
        )
        return int(cursor.fetchone()[0])


# An officer labels.


def label_whole(contact: Contact) -> bool:
    """Whether the contact is labelled, in every row that belongs to it; half would be an error."""
    person = contact.identity.resident
    signs = {
        "labelled": contact.labelled_at is not None,
        "on the roll": person.lifecycle == Resident.Lifecycle.ROLL,
        "at home": person.household is not None,
        "told": ConsentRecord.objects.filter(resident=person).exists(),
        "noted": AuditEntry.objects.filter(
            action="contact.labelled", object_id=contact.pk
        ).exists(),
        "remark": jobs("residents.push_remark", contact_id=contact.pk) > 0,
    }  # fmt: skip
    assert len(set(signs.values())) == 1, signs
    return signs["labelled"]


def labelled() -> set[int]:
    rows = Contact.objects.select_related("identity__resident__household")
    return {contact.pk for contact in rows if label_whole(contact)}


def test_a_server_killed_while_officers_label_loses_nothing_and_comes_back_by_itself(
    beat: Beat, web: WebProcess
) -> None:
    contacts = [beat.stranger(f"网友{n}").pk for n in range(40)]
    officer = Visitor(web.url, "yang", "correct-horse-42")
    window, page = own_windows(officer), officer.http.get(f"/o/contacts/{contacts[0]}/label/").text

    forms = {
        pk: beat.form(name=f"罗样{chr(0x4E00 + nth)}", phone=f"154{nth:08}", house=str(nth + 1))
        for nth, pk in enumerate(contacts)
    }

    def send(pk: int) -> httpx.Response:
        return window().post(f"/o/contacts/{pk}/label/", page, **forms[pk])

    posts, cut_off = Posts(send, contacts), 0
    for _ in range(KILLS):
        killed = web.server()
        posts.until(lambda pid=killed: os.kill(pid, signal.SIGKILL))  # type: ignore[misc]
        wait_until(lambda: not sessions(), 30)
        assert set(posts.acknowledged) <= labelled()
        cut_off += len(posts.unanswered)
        web.wait_until_it_answers()
        assert web.server() != killed
        time.sleep(CRASH_LOOP_SECONDS)
        posts.send_the_unanswered_again()
    posts.until(None)

    assert cut_off > 0, "no kill hit anybody"
    assert labelled() == set(contacts)
    assert Resident.objects.filter(lifecycle=Resident.Lifecycle.ROLL).count() == len(contacts)
    assert Household.objects.count() == len(contacts)


# An approver lets campaigns go out.


def release_whole(campaign: Campaign) -> bool:
    """Whether it went out, in every row; the officer is asked through exactly one share."""
    released = campaign.state == Campaign.State.RELEASED
    found = {
        "shares": Share.objects.filter(campaign=campaign).count(),
        "deliveries": Delivery.objects.filter(share__campaign=campaign).count(),
        "notes": AuditEntry.objects.filter(
            action="campaign.released", object_id=campaign.pk
        ).count(),
    }  # fmt: skip
    assert set(found.values()) == {int(released)}, (campaign.state, found)
    return released


def released(county: County) -> set[int]:
    whole = {campaign.pk for campaign in Campaign.objects.all() if release_whole(campaign)}
    assert jobs("campaigns.sweep_now", county_id=county.pk) == len(whole)
    return whole


def campaigns_for_one_person_each(desk: Desk, count: int) -> dict[int, str]:
    """Submitted campaigns, their numbers by their keys: a day holds one for each resident."""
    numbers = {}
    for nth in range(count):
        tag = make_tag(desk.county, f"TRF09{nth:03}", f"第{nth}种车")
        person = desk.person(f"陈示{chr(0x4E00 + nth)}", "小沙江镇", "桃李村", "1组")
        give_tag(person, tag)
        campaign = desk.submitted(audience={"all": [{"tag": [tag.code]}]})
        numbers[campaign.pk] = campaign.number
    return numbers


def approve(visitor: Visitor, number: str, page: str) -> httpx.Response:
    fields = {"act": "release", "count_seen": "1", "any_hour": "on"}
    return visitor.post(f"/desk/campaigns/{number}/review/", page, **fields)


def test_everything_killed_while_campaigns_are_approved_asks_no_officer_twice(
    desk: Desk, web: WebProcess
) -> None:
    numbers = campaigns_for_one_person_each(desk, 24)
    approver = Visitor(web.url, "approver", PASSWORD)
    page = approver.http.get(f"/desk/campaigns/{min(numbers.values())}/review/").text
    window = own_windows(approver)
    posts = Posts(lambda pk: approve(window(), numbers[pk], page), list(numbers))
    cut_off = 0
    for _ in range(KILLS):
        posts.until(web.kill)
        stand = released(desk.county)
        assert set(posts.acknowledged) <= stand
        cut_off += len(posts.unanswered)
        web.start()
        # What stands already would be refused with a sentence; people approve what still waits.
        posts.unanswered = [pk for pk in posts.unanswered if pk not in stand]
        posts.send_the_unanswered_again()
    posts.until(None)

    assert cut_off > 0, "no kill hit anybody"
    assert released(desk.county) == set(numbers)


def test_killed_half_way_through_an_approval_nothing_of_it_stands(
    desk: Desk, web: WebProcess
) -> None:
    [(pk, number)] = campaigns_for_one_person_each(desk, 1).items()
    approver = Visitor(web.url, "approver", PASSWORD)
    page = approver.http.get(f"/desk/campaigns/{number}/review/").text
    with ThreadPoolExecutor(1) as somebody:
        with transaction.atomic(), connection.cursor() as cursor:
            # The job is the last row of a release: all the others are written by then.
            cursor.execute("LOCK TABLE procrastinate_jobs IN SHARE MODE")
            sent = somebody.submit(approve, approver, number, page)
            wait_until(lambda: ("active", "Lock") in sessions(), 60)
            os.killpg(web.process.pid, signal.SIGKILL)
            with pytest.raises(httpx.HTTPError):
                sent.result(60)
        web.kill()
    assert released(desk.county) == set()

    web.start()
    assert approve(approver, number, page).status_code == 302
    assert released(desk.county) == {pk}
    again = approve(approver, number, page)
    assert again.status_code == 302 and again.headers["Location"].endswith("/progress/")
    assert released(desk.county) == {pk}
