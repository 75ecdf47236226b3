"""Where the queue comes in."""

from weijing.core import clock, jobs, line
from weijing.residents import linking, pushing
from weijing.residents.models import Contact


@jobs.task("residents.push_remark")
def push_remark(*, contact_id: int) -> None:
    rows = Contact.objects.select_related("officer", "identity__resident__division__parent")
    contact = rows.get(pk=contact_id)
    pushing.push_remark(contact, wecom=line.wecom(contact.county_id), at=clock.now())


@jobs.task("residents.link_waiting", queue=jobs.BULK)
def link_waiting(*, county_id: int) -> None:
    linking.link_waiting(county_id, at=clock.now())
