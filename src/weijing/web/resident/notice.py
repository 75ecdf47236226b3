"""The notice, every version of it, one tap from every page."""

from django.http import Http404, HttpRequest, HttpResponse

from weijing.residents import consent, notices
from weijing.web.access import open_to_all
from weijing.web.resident.visiting import show, the_county


@open_to_all("what we tell residents is for everybody to read")
def notice(request: HttpRequest, version: str = notices.CURRENT) -> HttpResponse:
    bureau = the_county().bureau_name
    try:
        text = notices.notice(version, bureau=bureau)
    except FileNotFoundError as never:
        raise Http404 from never
    title, _, rest = text.partition("\n")
    scopes = [(consent.CONTACT, ""), (consent.PUBLICITY, ""), ("tag_group", "老年人关爱")]
    context = {
        "title": title,
        "paragraphs": [part.strip() for part in rest.split("\n\n") if part.strip()],
        "choices": [
            notices.choice(scope, bureau=bureau, group=group, version=version)
            for scope, group in scopes
        ],
        "version": version,
    }
    return show(request, "resident/notice.html", context, back="/r/")
