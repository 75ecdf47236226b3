"""Which account of a station steps in, and which roads the county has."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.emergency import policies
from weijing.campaigns.emergency.models import DutyAccount
from weijing.campaigns.emergency.reporting import MOST_PLACES, Incomplete
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import Division, RoadSection, RoadSectionDivision, Station


class NotOfTheStation(DomainError):
    """A station's duty account is one of its own officers who serves residents."""

    def __init__(self) -> None:
        super().__init__("值班账号应是本所在岗、能加群众好友的企业微信账号，没有保存。")


@transaction.atomic
def set_account(station: Station, officer: Officer | None, *, by: Officer, at: datetime) -> None:
    """None takes it away. Raises `PermissionDenied`, `NotOfTheStation`."""
    if not policies.can_keep_roads(by, at=at) or by.county_id != station.county_id:
        raise PermissionDenied
    rows = DutyAccount.objects.filter(county_id=station.county_id, station=station)
    if officer is None:
        rows.delete()
        trail.record(by, "emergency.duty_account_removed", station, at=at)
        return
    if officer not in candidates(station):
        raise NotOfTheStation
    DutyAccount.objects.update_or_create(
        county_id=station.county_id,
        station=station,
        defaults={"officer": officer, "set_by": by, "set_at": at},
    )
    trail.record(by, "emergency.duty_account_set", station, at=at, officer=officer.pk)


def candidates(station: Station) -> list[Officer]:
    officers = Officer.objects.filter(
        county_id=station.county_id, station=station, is_active=True, serves_residents=True
    )
    return [one for one in officers.order_by("name", "pk") if one.wecom_userid]


@transaction.atomic
def keep_road(
    section: RoadSection | None,
    *,
    by: Officer,
    at: datetime,
    road: str,
    name: str,
    divisions: Sequence[Division],
    from_km: Decimal | None = None,
    to_km: Decimal | None = None,
) -> RoadSection:
    """A new section, or one as it is now. The name of a retired one brings that one back.

    Raises `PermissionDenied`, `Incomplete`.
    """
    if not policies.can_keep_roads(by, at=at):
        raise PermissionDenied
    road, name = road.strip(), name.strip()
    if not road or len(road) > 20 or not name or len(name) > 60 or "\0" in road + name:
        raise Incomplete("请填路线编号（最多 20 个字）和路段名称（最多 60 个字）。")
    if not divisions:
        raise Incomplete("请选路段经过或紧挨的村。")
    if len(divisions) > MOST_PLACES:
        raise Incomplete(f"最多选 {MOST_PLACES} 个地方，范围再大请选乡镇。")
    if from_km is not None and to_km is not None and from_km > to_km:
        raise Incomplete("起点桩号比终点大，请核对。")
    same = RoadSection.objects.filter(county_id=by.county_id, name=name).first()
    if section is None and same is not None and same.retired_at is not None:
        section = same
    if same is not None and same != section:
        raise Incomplete("已经有叫这个名字的路段，请换一个名称。")
    section = section or RoadSection(county_id=by.county_id)
    section.road, section.name = road, name
    section.from_km, section.to_km, section.retired_at = from_km, to_km, None
    section.save()
    rows = RoadSectionDivision.objects.filter(county_id=by.county_id, section=section)
    rows.delete()
    RoadSectionDivision.objects.bulk_create(
        RoadSectionDivision(county_id=by.county_id, section=section, division=place)
        for place in {division.pk: division for division in divisions}.values()
    )
    trail.record(by, "road_section.kept", section, at=at, places=len(divisions))
    return section


@transaction.atomic
def retire_road(section: RoadSection, *, by: Officer, at: datetime) -> None:
    """No longer offered; events that name it keep it. Raises `PermissionDenied`."""
    if not policies.can_keep_roads(by, at=at) or by.county_id != section.county_id:
        raise PermissionDenied
    RoadSection.objects.filter(county_id=section.county_id, pk=section.pk).update(retired_at=at)
    trail.record(by, "road_section.retired", section, at=at)
