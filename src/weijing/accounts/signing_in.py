"""Turning a password or a WeCom code into an officer."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from weijing.accounts.models import Officer


class PasswordBackend(BaseBackend):
    """Username and password within one county; takes as long for an unknown name as for a known."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        county_id: int | None = None,
        **_: Any,
    ) -> Officer | None:
        if username is None or password is None or county_id is None:
            return None
        officer = Officer.objects.filter(
            county_id=county_id, username__iexact=username, is_active=True
        ).first()
        if officer is None:
            make_password(password)
            return None
        return officer if officer.check_password(password) else None

    def get_user(self, user_id: int) -> Officer | None:
        return Officer.objects.filter(pk=user_id, is_active=True).select_related("county").first()


def by_wecom_userid(*, county_id: int, userid: str) -> Officer | None:
    """The active officer whom WeCom calls `userid`; WeCom compares userids without case."""
    return Officer.objects.filter(
        county_id=county_id, wecom_userid__iexact=userid, is_active=True
    ).first()
