"""Coverage as last counted, place by place, and how it was day by day."""

from typing import ClassVar

from django.db import models

from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.territory.models import Division


class CoverageNumbers(TenantModel):
    """Households and residents of one place, without those of the places below it."""

    households = models.IntegerField(default=0)
    households_linked = models.IntegerField(default=0)  # with at least one linked adult
    households_refused = models.IntegerField(default=0)
    households_away = models.IntegerField(default=0)
    households_unreachable = models.IntegerField(default=0)  # no phone, no WeChat
    residents = models.IntegerField(default=0)
    linked = models.IntegerField(default=0)
    reachable = models.IntegerField(default=0)  # themselves or through who stands in for them

    class Meta(TenantModel.Meta):
        abstract = True


class CoverageFigure(CoverageNumbers):
    """The latest count of a place. Not to be believed while a `CoverageTouched` names it."""

    division = TenantForeignKey(Division, models.CASCADE, related_name="+")
    counted_at = models.DateTimeField()
    # The first day on which the same rows count otherwise: an eighteenth birthday, a refusal
    # that lapses. Null: never by themselves.
    changes_on = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "division"], name="figure_once"),
        ]


class CoverageTouched(TenantModel):
    """Something that counts has changed in this place; written with the change itself."""

    division = TenantForeignKey(Division, models.CASCADE, related_name="+")


class CoverageDay(CoverageNumbers):
    """The figures at the end of a day, with the places below added up: for trends."""

    division = TenantForeignKey(Division, models.CASCADE, related_name="+", db_index=False)
    on = models.DateField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "division", "on"], name="coverage_day_once"),
        ]
