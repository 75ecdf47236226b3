"""A small county, made without the code under test wherever that is possible."""

from datetime import UTC, date, datetime
from typing import Any

from weijing.accounts.models import Officer, Posting, Role, RoleGrant
from weijing.residents import audience_changes
from weijing.residents.models import (
    ConsentRecord,
    Contact,
    Household,
    OrdinalCounter,
    Resident,
    WechatIdentity,
)
from weijing.tags.models import Tag, TagAssignment, TagCategory, TagGroup
from weijing.territory.models import (
    Beat,
    BeatDivision,
    County,
    Division,
    Station,
    StationTownship,
)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_county(
    code: str = "430524", townships: int = 2, villages: int = 2, groups: int = 2
) -> County:
    """A county with its divisions; every township has a station, every village a beat."""
    county = County.objects.create(
        code=code, name="隆回县", bureau_name="隆回县公安局", short_name="隆"
    )
    number = 0

    def division(code: str, name: str, level: str, parent: Division | None) -> Division:
        nonlocal number
        number += 1
        return Division(
            county=county, code=code, name=name, short_name=name[:-1], level=level,
            parent=parent, lo=number, hi=number, source="test",
        )  # fmt: skip

    root = division(code, "隆回县", "county", None)
    rows = [root]
    town_names = ["小沙江镇", "金石桥镇", "六都寨镇", "荷香桥镇"]
    village_names = ["桃李村", "红星村", "五星村", "朝阳村"]
    for t in range(townships):
        town = division(f"{code}{t + 1:03}", town_names[t], "township", root)
        rows.append(town)
        for v in range(villages):
            village = division(f"{town.code}{v + 1:03}", village_names[v], "village", town)
            rows.append(village)
            for g in range(groups):
                rows.append(division(f"{village.code}{g + 1:03}", f"{g + 1}组", "group", village))
            village.hi = number
        town.hi = number
    root.hi = number
    Division.objects.bulk_create(rows)
    OrdinalCounter.objects.create(county=county)
    for town in [row for row in rows if row.level == "township"]:
        station = Station.objects.create(county=county, name=f"{town.short_name}派出所")
        StationTownship.objects.create(county=county, station=station, township=town)
        for village in [row for row in rows if row.parent_id == town.pk]:
            beat = Beat.objects.create(county=county, station=station, name=village.name)
            BeatDivision.objects.create(county=county, beat=beat, division=village)
    return county


def division(county: County, *path: str) -> Division:
    """`division(county, "小沙江镇", "桃李村", "1组")`."""
    found = Division.objects.get(county=county, level="county")
    for name in path:
        found = Division.objects.get(county=county, parent=found, name=name)
    return found


def beat_of(county: County, *path: str) -> Beat:
    return BeatDivision.objects.get(county=county, division=division(county, *path)).beat


def make_officer(
    county: County,
    username: str,
    *roles: Role,
    beat: Beat | None = None,
    station: Station | None = None,
    county_desk: bool = False,
    password: str = "",
    **fields: Any,
) -> Officer:
    """An officer with roles and one posting. `wecom_userid` is the username unless given."""
    officer = Officer(
        county=county,
        username=username,
        name=fields.pop("name", f"阳{username}"),
        station=station or (beat.station if beat else None),
        wecom_userid=fields.pop("wecom_userid", username),
        serves_residents=fields.pop("serves_residents", beat is not None),
        **fields,
    )
    if password:
        officer.set_password(password)
    else:
        officer.set_unusable_password()
    officer.save()
    for role in roles:
        RoleGrant.objects.create(county=county, officer=officer, role=role, granted_at=LONG_AGO)
    if beat:
        Posting.objects.create(
            county=county, officer=officer, kind="primary", beat=beat, starts_at=LONG_AGO
        )
    elif station:
        Posting.objects.create(
            county=county, officer=officer, kind="station", station=station, starts_at=LONG_AGO
        )
    elif county_desk:
        Posting.objects.create(county=county, officer=officer, kind="county", starts_at=LONG_AGO)
    return officer


def make_household(place: Division, number: str = "1") -> Household:
    return Household.objects.create(
        county_id=place.county_id,
        division=place,
        number=f"{place.code}-{number}",
        address=f"{number}号",
    )


def make_resident(
    place: Division | None,
    name: str = "罗样例",
    *,
    household: Household | None = None,
    county: County | None = None,
    consents: tuple[str, ...] = (),
    phone: str = "",
    **fields: Any,
) -> Resident:
    """A resident on the roll. Consents are written with their records."""
    county_id = place.county_id if place else county.pk  # type: ignore[union-attr]
    counter = OrdinalCounter.objects.get(county_id=county_id)
    resident = Resident(
        county_id=county_id,
        ordinal=counter.next_ordinal,
        division=place,
        household=household,
        name=name,
        consents=list(consents),
        born_on=fields.pop("born_on", date(1980, 5, 1)),
        **fields,
    )
    if phone:
        from weijing.core.env import keyring

        resident.phone = phone
        resident.phone_index = keyring().blind_index(phone, purpose="phone")
    resident.save()
    counter.next_ordinal += 1
    counter.save()
    for scope in consents:
        ConsentRecord.objects.create(
            county_id=county_id, resident=resident, scope=scope, given=True,
            notice_version="test", channel="face_to_face", at=LONG_AGO,
        )  # fmt: skip
    audience_changes.people(county_id, [resident.pk])
    return resident


def make_contact(
    officer: Officer, resident: Resident, external_userid: str = "", **fields: Any
) -> Contact:
    """The pair as WeCom would have it: linked, long ago."""
    identity, _ = WechatIdentity.objects.get_or_create(
        county_id=officer.county_id,
        external_userid=external_userid or f"wm{resident.pk}",
        defaults={"nickname": resident.name, "resident": resident},
    )
    audience_changes.people(officer.county_id, [identity.resident_id, resident.pk])
    return Contact.objects.create(
        county_id=officer.county_id,
        officer=officer,
        identity=identity,
        added_at=fields.pop("added_at", LONG_AGO),
        seen_at=fields.pop("seen_at", LONG_AGO),
        **fields,
    )


def make_tag(county: County, code: str, name: str, **group: Any) -> Tag:
    """One tag, with its category and group; `audience="yes"` unless given."""
    category, _ = TagCategory.objects.get_or_create(
        county=county, code=code[:3], defaults={"name": code[:3]}
    )
    tag_group, _ = TagGroup.objects.get_or_create(
        county=county,
        code=code[:5],
        defaults={
            "category": category,
            "name": group.pop("group_name", code[:5]),
            "subject": "resident",
            "audience": group.pop("audience", "yes"),
            **group,
        },
    )
    return Tag.objects.create(
        county=county, group=tag_group, code=code, name=name, pinyin="", initials="",
        sensitive=False, purpose="测试", retention_days=365,
    )  # fmt: skip


def give_tag(resident: Resident, tag: Tag) -> TagAssignment:
    audience_changes.tags(resident.county_id, {tag.pk: [resident.pk]})
    return TagAssignment.objects.create(
        county_id=resident.county_id, resident=resident, tag=tag, source="visit",
        confirmed_at=LONG_AGO, expires_on=date(2030, 1, 1),
    )  # fmt: skip
