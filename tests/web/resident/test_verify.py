"""Anybody checks an officer; nobody guesses for long."""

from datetime import timedelta

import time_machine
from django.test import Client

from tests.web.resident.conftest import Village
from weijing.accounts import identity_codes
from weijing.core import clock
from weijing.privacy import guessing
from weijing.privacy.models import WrongCode


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_the_right_code_shows_masked_name_station_and_until_when(village: Village) -> None:
    code = identity_codes.code_of(village.officer, at=clock.now())
    answer = Client().get("/r/verify/", {"code": f"{code[:3]}-{code[3:].lower()}"}, follow=True)
    page = text(answer)
    assert "是真民警。" in page
    assert "阳**" in page
    assert "阳模拟" not in page
    assert "小沙江派出所" in page
    assert "前有效" in page


def test_a_wrong_code_warns_and_shows_110(village: Village) -> None:
    answer = Client().get("/r/verify/AAAAAA/")
    assert answer.status_code == 404
    assert "查不到这个核验码" in text(answer)
    assert "tel:110" in text(answer)


def test_after_ten_wrong_codes_even_the_right_one_waits(village: Village) -> None:
    now = clock.now()
    code = identity_codes.code_of(village.officer, at=now)
    with time_machine.travel(now, tick=False):
        for _ in range(guessing.MAX_WRONG):
            Client().get("/r/verify/AAAAAA/")
        answer = Client().get(f"/r/verify/{code}/")
        assert answer.status_code == 429
        assert "15 分钟后再查" in text(answer)
        assert Client(REMOTE_ADDR="10.9.9.9").get(f"/r/verify/{code}/").status_code == 200
    later = now + timedelta(minutes=16)
    with time_machine.travel(later, tick=False):
        code = identity_codes.code_of(village.officer, at=later)
        assert Client().get(f"/r/verify/{code}/").status_code == 200


def test_the_address_that_guessed_is_kept_as_a_fingerprint_for_a_day(village: Village) -> None:
    Client(REMOTE_ADDR="10.1.2.3").get("/r/verify/AAAAAA/")
    assert "10.1.2.3" not in str(WrongCode.objects.values())
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        Client(REMOTE_ADDR="10.1.2.4").get("/r/verify/AAAAAA/")
    assert WrongCode.objects.count() == 1


def test_behind_our_proxy_the_one_it_heard_from_is_counted(village: Village, settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for n in range(guessing.MAX_WRONG):  # the left part is what the visitor claims
        Client().get("/r/verify/AAAAAA/", headers={"X-Forwarded-For": f"1.1.1.{n}, 10.0.0.5"})
    assert (
        Client()
        .get("/r/verify/AAAAAA/", headers={"X-Forwarded-For": "9.9.9.9, 10.0.0.5"})
        .status_code
        == 429
    )
    assert (
        Client().get("/r/verify/AAAAAA/", headers={"X-Forwarded-For": "10.0.0.6"}).status_code
        == 404
    )
