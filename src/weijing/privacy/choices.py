"""What a resident chooses on their own page: each box by itself, taken back as it was given."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.core.errors import DomainError
from weijing.residents import consent, links, notices
from weijing.residents.models import ConsentRecord, Resident
from weijing.tags import assigning, expiring
from weijing.tags.catalogue.policies import SET_BY_THE_SYSTEM
from weijing.tags.models import Tag, TagAssignment, TagGroup

CHANNEL = ConsentRecord.Channel.PHONE_PAGE
SUBJECTS = (TagGroup.Subject.RESIDENT, TagGroup.Subject.HOUSEHOLD, TagGroup.Subject.CONTACT)
# 家庭安全: not on a page that somebody else at home may open.
NEVER_ON_A_PAGE = ("GRD04",)


class NotOnThisPage(DomainError):
    """Such a matter is settled face to face."""


@dataclass(frozen=True)
class Choice:
    """One box as it stands. `group` is set when it is about a group of tags."""

    scope: str
    name: str
    wording: str
    given: bool
    group: TagGroup | None = None


def of(resident: Resident) -> list[Choice]:
    """Publicity, then the groups of tags that ask for a consent of their own. None is pre-ticked.

    Being a contact is not among them: it ends on a page of its own, for all the others end with it.
    """
    groups = list(groups_on_page(resident).filter(_needs_consent()).distinct())
    bureau = resident.county.bureau_name
    scopes: list[tuple[str, TagGroup | None]] = [(consent.PUBLICITY, None)]
    scopes += [(group.code, group) for group in groups]
    return [_choice(resident, scope, group, bureau) for scope, group in scopes]


def groups_on_page(resident: Resident) -> QuerySet[TagGroup]:
    """Groups of tags a person may see and set here; the sensitive ones only if nobody reads along.

    A WeChat account that two people share is no place for what one of them keeps private.
    """
    groups = TagGroup.objects.filter(county_id=resident.county_id, subject__in=SUBJECTS)
    groups = groups.filter(~Q(code__in=[*NEVER_ON_A_PAGE, *SET_BY_THE_SYSTEM]))
    if links.is_shared(resident):
        sensitive = Tag.objects.filter(county_id=resident.county_id, sensitive=True)
        private = Q(needs_separate_consent=True) | Q(pk__in=sensitive.values("group_id"))
        groups = groups.filter(~private)
    return groups.order_by("code")


def set_by_themselves(resident: Resident) -> QuerySet[TagGroup]:
    """Groups whose tags only the person can put on."""
    return groups_on_page(resident).filter(set_by_resident_only=True).distinct()


def running_out(resident: Resident, *, on: date) -> list[TagAssignment]:
    """Their own words that go in the next days unless they say them again."""
    own = set_by_themselves(resident).values("pk")
    return list(expiring.soon_of(resident, on=on).filter(tag__group__in=own))


def give(resident: Resident, scope: str, *, at: datetime) -> None:
    """Raises `NotOnThisPage`, `consent.UnknownScope`, `consent.TooYoung`."""
    _check(resident, scope)
    consent.give(resident, [scope], by=None, at=at, channel=CHANNEL)


@transaction.atomic
def withdraw(resident: Resident, scope: str, *, at: datetime) -> None:
    """In force with this commit; the tags that rested on it are taken off in the same.

    Raises `consent.UnknownScope`.
    """
    consent.withdraw(resident, [scope], by=None, at=at, channel=CHANNEL)
    resting = Q(tag__group__needs_separate_consent=True) | Q(tag__sensitive=True)
    if scope != consent.CONTACT:  # with which everything ends
        resting &= Q(tag__group__code=scope)
    carried = TagAssignment.objects.filter(resting, county_id=resident.county_id, resident=resident)
    assigning.remove(resident, [row.tag for row in carried.select_related("tag")], by=None, at=at)


@transaction.atomic
def set_tags(resident: Resident, group: TagGroup, codes: Collection[str], *, at: datetime) -> None:
    """Make the person's own tags of this group exactly these.

    Raises `NotOnThisPage`, `assigning.ConsentMissing`.
    """
    if not set_by_themselves(resident).filter(pk=group.pk).exists():
        raise NotOnThisPage("这一类标签不能在这里填，请当面告诉您的民警。")
    tags = list(Tag.objects.filter(county_id=resident.county_id, group=group))
    chosen = [tag for tag in tags if tag.code in codes and tag.retired_at is None]
    carried = TagAssignment.objects.filter(
        county_id=resident.county_id, resident=resident, tag__in=tags
    )
    dropped = [row.tag for row in carried.select_related("tag") if row.tag not in chosen]
    assigning.remove(resident, dropped, by=None, at=at)
    source = TagAssignment.Source.SELF
    assigning.assign(resident, chosen, source=source, basis="本人手机页面填写", by=None, at=at)


def _choice(resident: Resident, scope: str, group: TagGroup | None, bureau: str) -> Choice:
    text = notices.choice(scope, bureau=bureau, group=group.name if group else "")
    return Choice(scope, text.name, text.wording, scope in resident.consents, group)


def _check(resident: Resident, scope: str) -> None:
    if scope in (consent.CONTACT, consent.PUBLICITY):
        return
    if not groups_on_page(resident).filter(_needs_consent(), code=scope).exists():
        raise NotOnThisPage("这一项请当面告诉您的民警，不在手机页面上登记。")


def _needs_consent() -> Q:
    return Q(needs_separate_consent=True) | Q(tags__sensitive=True)
