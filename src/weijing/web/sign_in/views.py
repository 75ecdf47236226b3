"""Signing in: a password at the desk, WeCom on the phone or by scanning."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from wecom_api.errors import SignInExpired, WeComError
from weijing.accounts.models import FIELD_ROLES, Officer
from weijing.accounts.scope import roles_of
from weijing.accounts.signing_in import by_wecom_userid
from weijing.audit import trail
from weijing.core import clock, env, line
from weijing.territory.models import County
from weijing.web.access import OfficerRequest, for_everyone_signed_in, open_to_all

PASSWORD_BACKEND = "weijing.accounts.signing_in.PasswordBackend"  # noqa: S105


class PasswordForm(forms.Form):
    username = forms.CharField(label="账号", max_length=64)
    password = forms.CharField(label="密码", max_length=128, widget=forms.PasswordInput)


def _county() -> County:
    return County.objects.get(code=env.environment().county)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else ""


def _page(request: HttpRequest, form: PasswordForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "next": _next(request)}
    return render(request, "sign_in/sign_in.html", context, status=status)


@open_to_all("somebody who is not signed in signs in here")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Wrong name and wrong password get the same words."""
    if request.method != "POST":
        return _page(request, PasswordForm())
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    officer: Any = authenticate(request, county_id=_county().pk, **form.cleaned_data)
    if officer is None:
        if getattr(request, "axes_locked_out", False):
            return locked_out(request)
        form.add_error(None, "账号或密码不对，请再试一次。忘了密码请找本单位系统管理员。")
        return _page(request, form, status=422)
    _enter(request, officer, "password")
    return redirect(_next(request) or "home")


def locked_out(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Five wrong passwords in a row: wait a quarter of an hour."""
    return render(request, "sign_in/locked_out.html", status=429)


@open_to_all("leads to WeCom's own sign-in")
def wecom_start(request: HttpRequest) -> HttpResponse:
    """Send the browser to WeCom: inside its client silently, elsewhere by scanning."""
    state = secrets.token_hex(16)
    request.session["wecom_state"] = state
    request.session["wecom_next"] = _next(request)
    back = request.build_absolute_uri(reverse("wecom-callback"))
    if env.environment().public_url:
        back = env.environment().public_url + reverse("wecom-callback")
    pages = line.wecom().sign_in
    inside = "wxwork" in request.headers.get("User-Agent", "") or "scan" not in request.GET
    return redirect(
        pages.authorize_url(back, state=state) if inside else pages.qr_url(back, state=state)
    )


@open_to_all("WeCom returns here with a code")
def wecom_callback(request: HttpRequest) -> HttpResponse:
    """The only page that asks WeCom something while a person waits."""
    expected = request.session.pop("wecom_state", None)
    given = request.GET.get("state", "")
    if not expected or not secrets.compare_digest(expected, given):
        return _refused(request, "这个登录链接已经用过或已过期，请重新登录。")
    try:
        visitor = line.wecom().sign_in.getuserinfo(request.GET.get("code", ""))
    except SignInExpired:
        return _refused(request, "登录已超时，请重新登录。")
    except WeComError:
        return _refused(request, "企业微信暂时连不上，请稍后再试；也可以用账号密码登录。")
    officer = visitor.userid and by_wecom_userid(county_id=_county().pk, userid=visitor.userid)
    if not officer:
        return _refused(request, "您的企业微信账号还没有开通微警，请找本单位系统管理员。")
    wanted = request.session.get("wecom_next") or "home"
    _enter(request, officer, "wecom")
    return redirect(wanted)


def _enter(request: HttpRequest, officer: Officer, way: str) -> None:
    login(request, officer, backend=PASSWORD_BACKEND)
    request.session["seen_at"] = clock.now().timestamp()
    trail.record(officer, "officer.signed_in", officer, at=clock.now(), way=way)


def _refused(request: HttpRequest, words: str) -> HttpResponse:
    messages.error(request, words)
    return _page(request, PasswordForm(), status=403)


@require_POST
@for_everyone_signed_in
def sign_out(request: OfficerRequest) -> HttpResponse:
    trail.record(request.user, "officer.signed_out", request.user, at=clock.now())
    logout(request)
    response = redirect("sign-in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@for_everyone_signed_in
def home(request: OfficerRequest) -> HttpResponseBase:
    """Village officers start with today's tasks, everyone else at the desk."""
    if not roles_of(request.user).isdisjoint(FIELD_ROLES):
        return redirect("officer:today")
    return redirect("desk:overview")
