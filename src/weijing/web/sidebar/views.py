"""Beside a chat in WeCom: the person one is talking to. Without WeCom's word, a search page."""

import re

from django.http import HttpResponse
from django.shortcuts import redirect

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.mirror import contacts
from weijing.residents.models import Contact
from weijing.sync import wishes
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.contacts import found, note_search, row
from weijing.web.phone import phone_page

MAX_FOUND = 20
EXTERNAL_USERID = re.compile(r"w[mo][\w-]{1,62}", re.ASCII)


@for_roles(*FIELD_ROLES)
def contact(request: OfficerRequest) -> HttpResponse:
    """POST says whose chat it is; the id never stands in an address, where logs would keep it."""
    if request.method == "POST":
        return _of_chat(request, request.POST.get("external_userid", ""))
    return _search_page(request)


def _of_chat(request: OfficerRequest, external_userid: str) -> HttpResponse:
    officer = request.user
    mine = Contact.objects.filter(
        county_id=officer.county_id, officer=officer, identity__external_userid=external_userid
    )
    if external_userid and (partner := mine.first()):
        if partner.state == Contact.State.LINKED:
            return redirect("officer:label", pk=partner.pk)
        return _search_page(request, status=404, said=f"{partner.get_state_display()}，不能标注。")
    if EXTERNAL_USERID.fullmatch(external_userid):
        wishes.wish_all(officer.county_id, [external_userid], at=clock.now())
    return _search_page(
        request, status=404, said="这位好友还没同步过来，正在读取，1 分钟后再从聊天右侧打开。"
    )


def _search_page(request: OfficerRequest, *, status: int = 200, said: str = "") -> HttpResponse:
    text = request.GET.get("q", "").strip()
    matching = found(request, text) if text else contacts.waiting_to_be_labelled(
        request.user.county_id, request.user.pk
    ).select_related("identity__resident__division", "identity__resident__household")  # fmt: skip
    shown = list(matching[:MAX_FOUND])
    if text:
        note_search(request, shown)
    context = {
        "q": text,
        "rows": [row(request, one) for one in shown],
        "said": said,
        # Asked once: an answer about a chat, or a search, does not ask again whose chat it is.
        "asks_for_chat": request.method == "GET" and not text,
    }
    return phone_page(request, "sidebar/contact.html", context, status=status)
