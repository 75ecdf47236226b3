"""How many homes a message has come to: of somebody in the home, whichever officer sent it.

Homes are counted by set arithmetic: a home of two people with two officers is one home. What each
share has sent is kept beside the audience index, and read again only when it has moved on.
"""

from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from weijing.audiences.index import catching_up, keeping
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap, ordinals
from weijing.campaigns.models import Delivery, Share

BESIDE = "campaigns.households"
KEPT_CAMPAIGNS = 20

Kept = dict[int, tuple[int, BitMap]]  # by share: how many it had sent, and to whom


def reached(groups: Sequence[Sequence[Share]], *, county_id: int) -> list[int]:
    """Homes reached by each of these groups of shares of one campaign."""
    shares = [share for group in groups for share in group]
    if not any(_sent(share) for share in shares):
        return [0] * len(groups)
    campaign_id = shares[0].campaign_id
    with keeping.current(county_id) as index:
        stale = {s.pk: _sent(s) for s in shares if _is_stale(_kept(index, campaign_id), s)}
    # A county's deliveries take seconds to read: nobody may wait for the index meanwhile.
    read = dict(_read(county_id, stale))
    with keeping.current(county_id) as index:
        kept = _kept(index, campaign_id)
        kept |= {id: (sent, read.get(id, BitMap())) for id, sent in stale.items()}
        return [
            index.count_homes(BitMap.union(BitMap(), *(_people(kept, share) for share in group)))
            for group in groups
        ]


def _sent(share: Share) -> int:
    return int(share.results.get(Delivery.Result.SENT.value, 0))


def _people(kept: Kept, share: Share) -> BitMap:
    return kept[share.pk][1] if share.pk in kept else BitMap()


def _kept(index: Index, campaign_id: int) -> Kept:
    campaigns: dict[int, Kept] = index.beside.setdefault(BESIDE, {})
    kept = campaigns.pop(campaign_id, {})
    campaigns[campaign_id] = kept  # the last used is the last to go
    for old in list(campaigns)[:-KEPT_CAMPAIGNS]:
        del campaigns[old]
    return kept


def _is_stale(kept: Kept, share: Share) -> bool:
    return _sent(share) != (kept[share.pk][0] if share.pk in kept else 0)


def _read(county_id: int, share_ids: Iterable[int]) -> list[tuple[int, BitMap]]:
    asked = list(share_ids)
    if not asked:
        return []
    with catching_up.open_cursor() as cursor:
        cursor.execute(
            _SENT,
            {"county": county_id, "shares": asked, "sent": Delivery.Result.SENT.value},
        )
        return [(id, bitmap(ordinals(packed))) for id, packed in cursor.fetchall()]


_SENT = """
SELECT d.share_id, string_agg(int4send(r.ordinal), '')
FROM campaigns_delivery d
JOIN residents_resident r ON r.county_id = d.county_id AND r.id = d.resident_id
WHERE d.county_id = %(county)s AND d.share_id = ANY(%(shares)s::bigint[]) AND d.result = %(sent)s
GROUP BY 1
"""
