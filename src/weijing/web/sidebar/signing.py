"""Signatures with which a page proves to WeCom's client that it is ours."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse

from wecom_api import Misconfigured
from wecom_api.js_sdk import Signature
from weijing.accounts.models import FIELD_ROLES
from weijing.core import env, jobs, line
from weijing.web.access import OfficerRequest, for_roles

NOT_YET = 503


@for_roles(*FIELD_ROLES)
def signature(request: OfficerRequest) -> HttpResponse:
    """For `?url=`, exactly as the browser shows it; only addresses of this site are signed.

    Tickets come from the cache alone. Without them a job fetches some, and the page asks again.
    """
    url = request.GET.get("url", "")
    if not _is_ours(request, url):
        return HttpResponseBadRequest("url")
    try:
        made = line.wecom(request.user.county_id).js_sdk.known_signatures(url)
    except Misconfigured:
        return JsonResponse({}, status=NOT_YET)
    if made is None:
        jobs.enqueue("core.fetch_tickets", once="core.fetch_tickets")
        return JsonResponse({}, status=NOT_YET)
    settings, (config, agent) = env.environment(), made
    return JsonResponse(
        {
            "corpId": settings.wecom_corpid,
            "agentId": settings.wecom_agentid,
            "config": _as_sdk_wants(config),
            "agentConfig": _as_sdk_wants(agent),
        }
    )


def _is_ours(request: HttpRequest, url: str) -> bool:
    ours, asked = urlsplit(request.build_absolute_uri("/")), urlsplit(url)
    return (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc)


def _as_sdk_wants(signature: Signature) -> dict[str, Any]:
    fields = asdict(signature)
    return {**fields, "nonceStr": fields.pop("noncestr")}
