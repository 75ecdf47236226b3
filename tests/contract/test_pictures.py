"""The picture behind a contact way's `qr_code`."""

import httpx
import pytest

from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, Rejected, Transport, Unavailable, WeCom
from wecom_api.pictures import MAX_BYTES, Pictures, kind_of

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_code_of_a_way_is_a_picture(simulator: Simulator, wecom: WeCom) -> None:
    way = wecom.contact_ways.add(user=[simulator.member("pictured")])

    assert kind_of(wecom.pictures.fetch(way.qr_code)) == "image/png"


def test_a_way_that_was_deleted_has_none(simulator: Simulator, wecom: WeCom) -> None:
    way = wecom.contact_ways.add(user=[simulator.member("unpictured")])
    wecom.contact_ways.delete(way.config_id)

    with pytest.raises(Rejected):
        wecom.pictures.fetch(way.qr_code)


def pictures(answer: httpx.Response, seen: list[httpx.Request]) -> Pictures:
    """Of the public WeCom, which answers so."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer

    return Pictures(Transport(http=httpx.MockTransport(handle)))


@pytest.mark.parametrize(
    "url", ["https://example.com/a.png", "https://qpic.cn.example.com/0", "file:///etc/passwd", ""]
)
def test_nothing_is_fetched_from_anywhere_but_wecom(url: str) -> None:
    seen: list[httpx.Request] = []

    with pytest.raises(InvalidRequest):
        pictures(httpx.Response(200, content=PNG), seen).fetch(url)

    assert seen == []


def test_a_picture_is_asked_for_over_https_and_without_our_token() -> None:
    seen: list[httpx.Request] = []

    pictures(httpx.Response(200, content=PNG), seen).fetch("http://wework.qpic.cn/x/0")

    assert str(seen[0].url) == "https://wework.qpic.cn/x/0"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, content=b"<html>"), Rejected),
        (httpx.Response(404, content=PNG), Rejected),
        (httpx.Response(502), Unavailable),
        (httpx.Response(200, content=PNG + b"0" * MAX_BYTES), Unavailable),
    ],
)
def test_what_is_no_picture_is_not_taken_for_one(
    answer: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        pictures(answer, []).fetch("https://wework.qpic.cn/x/0")
