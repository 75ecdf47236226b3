"""A share's deliveries by result, kept on the share for pages that show many."""

from django.db.models import Count

from weijing.campaigns.models import Delivery, Share


def tally(share: Share) -> dict[str, int]:
    """Count anew and keep: result → people. Only results that occur."""
    rows = Delivery.objects.filter(county_id=share.county_id, share=share)
    counted = dict(rows.values_list("result").annotate(n=Count("pk")).order_by())
    Share.objects.filter(county_id=share.county_id, pk=share.pk).update(results=counted)
    share.results = counted
    return counted
