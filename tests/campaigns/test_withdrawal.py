"""A resident takes consent back on their own phone; nothing that is still ours to send goes out."""

from datetime import datetime

import pytest
from django.test import Client

from tests.campaigns.conftest import EVERYONE
from tests.campaigns.fake_wecom import FakeWeCom
from weijing.campaigns import asking
from weijing.campaigns.models import Delivery, Share
from weijing.campaigns.reach import reach
from weijing.core import clock
from weijing.residents import links
from weijing.residents.models import Resident


def own_phone(person: Resident) -> Client:
    client = Client()
    client.get(f"/r/open/{links.issue(person, by=None, at=clock.now())}/")
    return client


@pytest.mark.parametrize(
    ("path", "data"),
    [("/r/me/choices/publicity/", {"given": "no"}), ("/r/me/end/", {})],
)
def test_who_withdraws_after_the_release_is_not_among_those_asked_for(
    share: Share, people: list[Resident], wecom: FakeWeCom, path: str, data: dict[str, str]
) -> None:
    gone, *others = people
    own_phone(gone).post(path, data)

    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]

    [task] = wecom.tasks
    assert sorted(task.external_userids) == sorted(f"wm{person.pk}" for person in others)
    assert Delivery.objects.get(resident=gone).result == Delivery.Result.WITHDRAWN


def test_a_share_whose_people_all_withdrew_is_not_asked_for_at_all(
    share: Share, people: list[Resident], wecom: FakeWeCom
) -> None:
    for person in people:
        own_phone(person).post("/r/me/choices/publicity/", {"given": "no"})

    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]

    share.refresh_from_db()
    assert wecom.tasks == []
    assert share.state == Share.State.CANCELLED


def test_the_next_audience_is_counted_without_them(
    people: list[Resident], at: datetime, author: object
) -> None:
    county = people[0].county_id
    assert reach(EVERYONE, county_id=county, at=at).reachable == 3
    own_phone(people[0]).post("/r/me/choices/publicity/", {"given": "no"})
    counted = reach(EVERYONE, county_id=county, at=at)
    assert (counted.reachable, counted.left_out["no_consent"]) == (2, 1)
