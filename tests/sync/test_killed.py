"""kill -9 of `weijing sync contacts`, several times, at moments nobody chose."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.sync.corp import Corp, assert_equal
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.residents.models import Contact, Resident, WechatIdentity
from weijing.sync import contacts_full, traversing
from weijing.sync.address_book import read_address_book
from weijing.sync.models import SyncRun
from weijing.territory.models import County

pytestmark = pytest.mark.django_db(transaction=True)
OFFICERS = contacts_full.THREADS  # so each is read with a cursor of their own
CONTACTS = 32_000
KILLS = 4
# Read but not yet written when the process dies: what waits, and what each thread collects.
AT_RISK = traversing.PAGES_AHEAD + contacts_full.THREADS * traversing.PAGES_PER_COMMIT
API = "externalcontact/batch/get_by_user"


class Reading:
    """`weijing sync contacts` in a process of its own, on the tests' database."""

    def __init__(self, simulator: Simulator) -> None:
        settings, facts = connection.settings_dict, simulator.facts
        login = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}"
        where = f"{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "weijing", "sync", "contacts"],
            env={
                **os.environ,
                "DATABASE_URL": f"postgresql://{login}@{where}",
                "WEIJING_WECOM_BASE_URL": facts["base_url"].removesuffix("/cgi-bin/"),
                "WEIJING_WECOM_CORPID": facts["corpid"],
                "WEIJING_WECOM_AGENTID": str(facts["agentid"]),
                "WEIJING_WECOM_SECRET": facts["secret"],
                "WEIJING_WECOM_CALLS_PER_MINUTE": "600000",
                "WEIJING_WECOM_CALLS_PER_HOUR": "6000000",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL, "it had ended before"

    def kill_beyond(self, pages: float) -> None:
        """At some moment after so many pages have been written."""
        deadline = time.monotonic() + 120
        while written()["calls"] < pages:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, written()
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.1))
        self.kill()

    def finish(self) -> str:
        said, complaints = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, complaints
        return said


def written() -> dict[str, Any]:
    """How far the books say the reading is; it counts with the same commit as the rows."""
    run = SyncRun.objects.filter(kind="contacts").first()
    return run.progress["numbers"] if run and run.progress else {"calls": 0, "contacts": 0}


def calls_to(simulator: Simulator) -> int:
    """Pages that WeCom has given out; asked when nothing is on its way any more."""
    answered = simulator.admin("calls", "GET")["calls"].get(API, {})
    return int(answered.get("0", 0))


def test_a_first_reading_killed_again_and_again_goes_on_and_doubles_nobody(
    county: County, corp: Corp, wecom: WeCom, simulator: Simulator
) -> None:
    simulator.admin("clock", real=True, set=time.time())
    corp.found(officers=OFFICERS, contacts=CONTACTS)
    read_address_book(county.pk, wecom)
    truth = corp.truth()
    pages = sum(-(-each // traversing.PAGE) for each in Counter(u for u, _ in truth).values())

    before = {"calls": 0, "contacts": 0}
    for kill in range(KILLS):
        asked = calls_to(simulator)
        part = pages * 0.9 * (kill + 1) / (KILLS + 1)
        Reading(simulator).kill_beyond(max(part, before["calls"] + 1))
        time.sleep(0.5)  # what was on its way arrives
        now = written()
        # Rows and books agree at every moment, and what was in the books is not asked for again.
        assert Contact.objects.count() == now["contacts"] > before["contacts"]
        assert calls_to(simulator) - asked <= now["calls"] - before["calls"] + AT_RISK
        before = now

    asked = calls_to(simulator)
    said = Reading(simulator).finish()

    assert calls_to(simulator) - asked == pages - before["calls"]
    assert f"{CONTACTS:,} contacts of {OFFICERS} officers read with {pages:,} calls" in said
    assert SyncRun.objects.filter(kind="contacts").count() == 1
    assert_equal(county.pk, corp)
    people = {external_userid for _, external_userid in truth}
    assert WechatIdentity.objects.count() == Resident.objects.count() == len(people)
    ordinals = Resident.objects.order_by("ordinal").values_list("ordinal", flat=True)
    assert list(ordinals) == list(range(len(people)))
