"""The type size a person chose stays chosen, with and without JavaScript."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from weijing.web import appearance


@pytest.mark.parametrize(
    ("query", "cookie", "size"),
    [
        ("", "", "std"),
        ("?size=care", "", "care"),
        ("", "large", "large"),
        ("?size=std", "care", "std"),
    ],
)
def test_the_address_outweighs_the_cookie(query: str, cookie: str, size: str) -> None:
    request = RequestFactory().get(f"/o/today/{query}")
    request.COOKIES[appearance.COOKIE] = cookie
    assert appearance.size_of(request) == size


def test_a_size_nobody_drew_is_the_usual_one_and_is_not_remembered() -> None:
    request = RequestFactory().get("/?size=%22%3E%3Cscript%3E")
    response = appearance.RemembersSize(lambda _: HttpResponse())(request)
    assert appearance.size_of(request) == "std"
    assert appearance.COOKIE not in response.cookies


def test_a_link_is_remembered_like_a_tap() -> None:
    request = RequestFactory().get("/?size=care")
    response = appearance.RemembersSize(lambda _: HttpResponse())(request)
    assert response.cookies[appearance.COOKIE].value == "care"


@pytest.mark.parametrize(
    ("agent", "native"),
    [
        ("… wxwork/4.1.36 MicroMessenger/7.0.1", True),
        ("Mozilla/5.0 Chrome/120", False),
        ("", False),
    ],
)
def test_inside_wecom_the_title_bar_is_not_ours(agent: str, native: bool) -> None:
    request = RequestFactory().get("/", headers={"User-Agent": agent})
    assert appearance.in_native_shell(request) is native
