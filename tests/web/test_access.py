"""No address is unclassified: each is open for a reason, or says which roles may open it."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.builders import make_officer
from weijing.accounts.models import Role


def views(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield address, pattern.callback


EVERYTHING = list(views())


@pytest.mark.parametrize(("address", "view"), EVERYTHING, ids=[row[0] for row in EVERYTHING])
def test_every_address_says_who_may_open_it(address, view):
    reason, roles = getattr(view, "open_because", None), getattr(view, "roles", None)
    assert bool(reason) != bool(roles), f"{address} is neither open for a reason nor for roles"
    if roles:
        assert roles <= set(Role)


def test_an_unclassified_view_is_refused_even_to_the_signed_in(county, client, settings):
    settings.ROOT_URLCONF = "tests.web.unclassified"
    client.force_login(
        make_officer(county, "admin", Role.SYSTEM_ADMIN),
        backend="weijing.accounts.signing_in.PasswordBackend",
    )
    assert client.get("/forgotten/").status_code == 403


def test_who_is_not_signed_in_is_led_to_the_sign_in_page(county, client):
    answer = client.get("/desk/")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/desk/"


def test_signed_in_pages_are_never_cached(county, client):
    client.force_login(
        make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True),
        backend="weijing.accounts.signing_in.PasswordBackend",
    )
    assert client.get("/")["Cache-Control"] == "no-store"
