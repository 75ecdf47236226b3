"""What an officer keeps of the list: its filters, under a name."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.finding import saved_views
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.contacts.choosing import chosen
from weijing.web.desk.contacts.listing import PAGE
from weijing.web.desk.roles import COMMAND

UNSURE = "没有保存：有条件没看懂，没有用上。请先改好或去掉，再保存。"


@for_roles(*COMMAND)
@require_POST
def save_view(request: OfficerRequest) -> HttpResponse:
    """`name`; the filters stand in the address."""
    who = chosen(request)
    try:
        if who.is_unsure:
            raise saved_views.NotAView(UNSURE)
        view = saved_views.save(
            request.POST.get("name", ""), who.lasting_query, page=PAGE, by=request.user,
            at=clock.now(),
        )  # fmt: skip
    except DomainError as wrong:
        messages.warning(request, str(wrong))
        return redirect(f"{reverse('desk:contacts')}?{who.query}")
    messages.success(request, f"已保存视图「{view.name}」")
    return redirect(f"{reverse('desk:contacts')}?{view.query}")


@for_roles(*COMMAND)
@require_POST
def remove_view(request: OfficerRequest, pk: int) -> HttpResponse:
    name = saved_views.remove(pk, by=request.user, at=clock.now())
    if not name:
        raise Http404
    messages.success(request, f"已删掉视图「{name}」，群众资料没有动")
    return redirect("desk:contacts")
