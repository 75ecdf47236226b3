"""The village of the residents' pages, with officers who can be signed in as."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.builders import beat_of, make_officer
from tests.web.resident.conftest import Village, phone, village
from weijing.accounts.models import Officer, Role

__all__ = ["Village", "phone", "village"]
BACKEND = "weijing.accounts.signing_in.PasswordBackend"
CARD = "990524195003070013"  # a place that does not exist, with a right check digit


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def token(client: Client, address: str) -> str:
    """Of the form drawn there."""
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', text(client.get(address)))
    assert found is not None
    return found[1]


def signed_in(officer: Officer) -> Client:
    client = Client()
    client.force_login(officer, backend=BACKEND)
    return client


@pytest.fixture
def officer(village: Village) -> Client:
    return signed_in(village.officer)


@pytest.fixture
def desk(village: Village) -> Client:
    return signed_in(village.desk)


@pytest.fixture
def stranger(village: Village) -> Client:
    """An officer of another station."""
    beat = beat_of(village.county, "金石桥镇", "红星村")
    return signed_in(make_officer(village.county, "hu", Role.VILLAGE_AUXILIARY, beat=beat))


def village_code(village: Village) -> str:
    assert village.resident.division is not None
    assert village.resident.division.parent is not None
    return str(village.resident.division.parent.code)


def thing(here: Village, /, **changes: Any) -> dict[str, str]:
    from weijing.core import clock

    usual = {
        "kind": "id_card", "holder": "罗样例", "number": CARD, "village": village_code(here),
        "happened_on": clock.today().isoformat(), "reporter": "周示例", "phone": "15400000499",
        "held": "on",
    }  # fmt: skip
    return {**usual, **changes}


def missing(here: Village, /, **changes: Any) -> dict[str, str]:
    from weijing.core import clock

    now = clock.now().astimezone(clock.COUNTY_TIME)
    usual = {
        "name": "周样例", "age": "78", "sex": "f", "last_seen_at": f"{now:%Y-%m-%dT%H:%M}",
        "village": village_code(here), "place": "桥头小卖部", "looks": "蓝布衣，一米五",
        "help": "请慢慢说话", "relation": "女儿", "family_name": "周家人",
        "family_phone": "15400000417",
    }  # fmt: skip
    return {**usual, **changes}
