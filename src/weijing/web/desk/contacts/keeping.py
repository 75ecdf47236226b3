"""What an officer keeps of the list: filters under a name, people marked."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.finding import favourites, saved_views
from weijing.residents.queries import visible_to
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.contacts.listing import PAGE
from weijing.web.desk.roles import COMMAND


@for_roles(*COMMAND)
@require_POST
def save_view(request: OfficerRequest) -> HttpResponse:
    """`name`; the filters stand in the address."""
    query = request.GET.urlencode()
    try:
        view = saved_views.save(
            request.POST.get("name", ""), query, page=PAGE, by=request.user, at=clock.now()
        )
    except DomainError as wrong:
        messages.warning(request, str(wrong))
        return redirect(f"{reverse('desk:contacts')}?{saved_views.kept_of(query)}")
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


@for_roles(*COMMAND, *FIELD_ROLES)
@require_POST
def favourite(request: OfficerRequest, pk: int) -> HttpResponse:
    """`mark`: yes or no; `next` leads back to the list."""
    person = get_object_or_404(visible_to(request.scope), pk=pk)
    if request.POST.get("mark") == "no":
        favourites.unmark(person.pk, by=request.user, at=clock.now())
    else:
        favourites.mark(person, by=request.user, scope=request.scope, at=clock.now())
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return redirect(back if is_ours else "desk:contacts")
