"""A password at the desk; the same words for whatever was wrong."""

import pytest

from tests.builders import make_officer
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry

PASSWORD = "correct-horse-42"


@pytest.fixture
def author(county):
    return make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True, password=PASSWORD)


def attempt(client, username="author", password=PASSWORD, **more):
    return client.post(
        "/sign-in/", {"username": username, "password": password, **more}, REMOTE_ADDR="10.0.0.1"
    )


def test_the_right_password_signs_in_and_leaves_a_trail(client, author):
    assert attempt(client).status_code == 302
    assert AuditEntry.objects.filter(action="officer.signed_in", actor=author).count() == 1


def test_usernames_are_read_without_case(client, author):
    assert attempt(client, username="Author").status_code == 302


@pytest.mark.parametrize(
    ("username", "password"), [("author", "wrong"), ("nobody", PASSWORD), ("nobody", "wrong")]
)
def test_wrong_name_and_wrong_password_sound_alike(client, author, username, password):
    answer = attempt(client, username=username, password=password)
    assert answer.status_code == 422
    assert "账号或密码不对" in answer.content.decode()


def test_an_ended_account_cannot_sign_in_and_its_session_ends(client, author):
    attempt(client)
    Officer.objects.filter(pk=author.pk).update(is_active=False)
    assert client.get("/").status_code == 302
    assert attempt(client).status_code == 422


def test_five_wrong_passwords_lock_the_account_here(client, author):
    for _ in range(5):
        answer = attempt(client, password="wrong")
    assert answer.status_code == 429
    assert "15 分钟" in answer.content.decode()
    assert attempt(client).status_code == 429


def test_sign_in_leads_back_only_into_this_site(client, author):
    assert attempt(client, next="https://elsewhere.example/")["Location"] == "/"
    client.post("/sign-out/")
    assert attempt(client, next="/desk/campaigns/")["Location"] == "/desk/campaigns/"


def test_signing_out_needs_a_form_and_clears_the_browser(client, author):
    attempt(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/").status_code == 302


def test_a_role_taken_back_holds_from_the_next_request(client, author):
    attempt(client)
    author.role_grants.all().delete()
    assert client.get("/").status_code == 403
