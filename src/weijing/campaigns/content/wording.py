"""The checks of a message's wording, with what this county knows: its names, tags and phones."""

from urllib.parse import urlsplit

from weijing.audiences.naming_tags import tags_named
from weijing.campaigns import checks
from weijing.campaigns.content import attaching, filling
from weijing.campaigns.models import Campaign
from weijing.core.env import environment
from weijing.core.errors import DomainError
from weijing.territory.models import County, Station


class ForbiddenWording(DomainError):
    """Residents must not get this from the police."""


def wording(campaign: Campaign, county: County | None = None) -> list[checks.Check]:
    """Every check of the text as it stands; of a text that is not saved too."""
    county = county or County.objects.get(pk=campaign.county_id)
    stations = list(
        Station.objects.filter(county_id=campaign.county_id).values_list("name", "phone")
    )
    names = [name for name, _phone in stations]
    tags = tags_named(campaign.audience, campaign.county_id)
    return checks.check(
        campaign.body,
        signatures=[county.bureau_name, f"{county.name.rstrip('县市区')}公安", *names,
                    f"{{{filling.STATION}}}"],
        tag_names=[tag.name for tag in tags if not tag.sensitive],
        sensitive_names=[tag.name for tag in tags if tag.sensitive],
        phones=[phone for _name, phone in stations],
        links=[row.url for row in attaching.attachments_of(campaign) if row.url],
        own_host=urlsplit(environment().public_url).netloc,
        unknown=filling.unknown_in(campaign.body),
    )  # fmt: skip


def refuse_forbidden(campaign: Campaign) -> None:
    """Raises `ForbiddenWording` naming the first thing that must be changed."""
    for check in wording(campaign):
        if check.level == "block":
            what = f"{check.text}：{'、'.join(check.found)}。" if check.found else f"{check.text}。"
            raise ForbiddenWording(f"没有提交，草稿还在。{what}{check.advice}")
