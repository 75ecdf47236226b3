"""The officers whose contacts we read from WeCom."""

from django.db.models import QuerySet

from weijing.accounts.models import Officer


def serving_officers(county_id: int) -> QuerySet[Officer]:
    """Active members who may have residents as contacts, oldest account first."""
    return (
        Officer.objects.filter(county_id=county_id, is_active=True, serves_residents=True)
        .exclude(wecom_userid="")
        .order_by("pk")
    )


def officer_ids(county_id: int) -> dict[str, int]:
    """Ids of the serving officers by userid in lower case, as WeCom compares userids."""
    rows = serving_officers(county_id).values_list("wecom_userid", "pk")
    return {userid.lower(): pk for userid, pk in rows}
