"""Where: the county and its divisions; and who answers for where: stations and beats."""

from typing import Any, ClassVar

from django.db import models

from weijing.core.ids import new_id
from weijing.core.tenancy import TenantForeignKey, TenantModel


class County(models.Model):
    """The tenant: one police bureau, one WeCom corp."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=6, unique=True)
    name = models.CharField(max_length=60)
    bureau_name = models.CharField(max_length=60)
    short_name = models.CharField(max_length=2)  # 隆: the first sign of a reference code
    wecom_corpid = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.name


class Division(TenantModel):
    """County, township, village or group. A subtree is a range of pre-order numbers `lo`..`hi`."""

    class Level(models.TextChoices):
        COUNTY = "county", "县"
        TOWNSHIP = "township", "乡镇街道"
        VILLAGE = "village", "村社区"
        GROUP = "group", "组"

    code = models.CharField(max_length=15)
    name = models.CharField(max_length=60)
    short_name = models.CharField(max_length=20)
    level = models.CharField(max_length=8, choices=Level.choices)
    parent = TenantForeignKey("self", models.PROTECT, null=True, related_name="children")
    lo = models.IntegerField()
    hi = models.IntegerField()
    source = models.CharField(max_length=60)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="division_code"),
            models.CheckConstraint(
                name="division_range_is_ordered", condition=models.Q(lo__lte=models.F("hi"))
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "lo"], name="division_lo"),
        ]

    def __str__(self) -> str:
        return self.name

    def inside(self, prefix: str = "division") -> models.Q:
        """The condition that a row's division lies in this subtree."""
        return models.Q(**{f"{prefix}__lo__gte": self.lo, f"{prefix}__lo__lte": self.hi})


class Station(TenantModel):
    """A police station. It answers for one or more townships."""

    name = models.CharField(max_length=60)
    phone = models.CharField(
        max_length=20, blank=True, default="", db_default=""
    )  # answered day and night
    wecom_department_id = models.BigIntegerField(null=True)
    townships: Any = models.ManyToManyField(Division, through="StationTownship", related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "name"], name="station_name"),
            models.UniqueConstraint(
                fields=["county", "wecom_department_id"], name="station_wecom_department"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StationTownship(TenantModel):
    station = TenantForeignKey(Station, models.CASCADE, related_name="station_townships")
    township = TenantForeignKey(Division, models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "township"], name="township_has_one_station"),
        ]


class Beat(TenantModel):
    """警务区: the villages or groups that one officer answers for."""

    name = models.CharField(max_length=60)
    station = TenantForeignKey(Station, models.PROTECT, related_name="beats")
    divisions: Any = models.ManyToManyField(Division, through="BeatDivision", related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "station", "name"], name="beat_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BeatDivision(TenantModel):
    beat = TenantForeignKey(Beat, models.CASCADE, related_name="beat_divisions")
    division = TenantForeignKey(Division, models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "division"], name="division_in_one_beat"),
        ]


class RoadSection(TenantModel):
    """A stretch of road, and the villages beside it: whom it concerns when it is closed."""

    road = models.CharField(max_length=20)  # S240
    name = models.CharField(max_length=60)
    from_km = models.DecimalField(max_digits=6, decimal_places=1, null=True)
    to_km = models.DecimalField(max_digits=6, decimal_places=1, null=True)
    divisions: Any = models.ManyToManyField(
        Division, through="RoadSectionDivision", related_name="+"
    )
    retired_at = models.DateTimeField(null=True)  # no longer offered

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "name"], name="road_section_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RoadSectionDivision(TenantModel):
    section = TenantForeignKey(RoadSection, models.CASCADE, related_name="section_divisions")
    division = TenantForeignKey(Division, models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "section", "division"], name="road_section_division_once"
            ),
        ]
