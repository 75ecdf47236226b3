"""Who does not confirm in five minutes is replaced by the station's duty account; nobody gets it
twice: the officer's task is cancelled first, its cancellation seen, and only then the people move.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import codes, tallying
from weijing.campaigns.emergency.models import DutyAccount, EmergencyMessage, Takeover
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.moving import ENDED, UNCONFIRMED, State
from weijing.campaigns.releasing import MAX_PEOPLE, new_share
from weijing.campaigns.stopping import now_unless_being_asked
from weijing.core import jobs
from weijing.core.env import environment

# One task for the duty account instead of ten: those whose task is off wait so long for the rest.
GATHER_FOR = timedelta(seconds=30)
Outcome = Takeover.Outcome
GOING_ON = (Campaign.State.RELEASED, Campaign.State.FINISHED, Campaign.State.LAPSED)


def after() -> timedelta:
    """How long an officer has to confirm: five minutes unless set otherwise."""
    return timedelta(seconds=environment().emergency_take_over_seconds)


def late_at(message: EmergencyMessage) -> datetime:
    """When officers have had their time. A pause does not count: they were not asked."""
    assert message.approved_at is not None
    return max(message.approved_at, message.held_until or message.approved_at) + after()


def hold(county_id: int, *, at: datetime) -> None:
    """The county is paused: the time of its officers begins anew when it goes on."""
    held = [message.pk for message in current(county_id, at=at)]
    EmergencyMessage.objects.filter(county_id=county_id, pk__in=held).update(held_until=at)


@transaction.atomic
def begin(county_id: int, *, at: datetime) -> int:
    """Take back the shares nobody confirmed in time; how many. WeCom is told by the usual sweep.

    Not waited for: a share that WeCom refused, or whose task somebody ended in WeCom's console.
    """
    taken = Takeover.objects.filter(county_id=county_id, share=OuterRef("pk"))
    handed_on = Takeover.objects.filter(county_id=county_id, handed_to=OuterRef("pk"))
    messages = current(county_id, at=at)
    shares = Share.objects.filter(
        ~Exists(taken),
        ~Exists(handed_on),
        county_id=county_id,
        campaign__in=[message.campaign_id for message in messages],
        stop="",
    ).filter(
        Q(state__in=[*UNCONFIRMED, State.REFUSED])
        | Q(Exists(_somebody_waits(county_id)), state=State.CANCELLED)
    )
    by_campaign = {message.campaign_id: message for message in messages}
    due = [
        share
        for share in shares.select_for_update(of=("self",), skip_locked=True).order_by("pk")
        if share.state in ENDED or at >= late_at(by_campaign[share.campaign_id])
    ]
    Takeover.objects.bulk_create(
        Takeover(
            county_id=county_id,
            message=by_campaign[share.campaign_id],
            share=share,
            started_at=at,
        )
        for share in due
    )
    Share.objects.filter(
        county_id=county_id, pk__in=[share.pk for share in due], state__in=UNCONFIRMED
    ).update(stop=State.CANCELLED, due_at=now_unless_being_asked(at))
    if due:
        jobs.enqueue("campaigns.sweep_now", county_id=county_id)
    return len(due)


@transaction.atomic
def settle(county_id: int, *, at: datetime) -> int:
    """Hand on what is provably off, to the duty account of each officer's station; how many."""
    waiting = list(
        Takeover.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(county_id=county_id, settled_at=None)
        .select_related("share__officer", "message__campaign")
        .order_by("pk")
    )
    ready: dict[tuple[int, int | None], list[Takeover]] = defaultdict(list)
    duty = _duty_accounts(county_id)
    going_on = _going_on(county_id, waiting)
    late: set[tuple[int, int | None]] = set()
    for takeover in waiting:
        share = takeover.share
        key = (takeover.message_id, share.officer.station_id)
        if share.state in (State.CONFIRMED, State.FINISHED):
            _end(takeover, Outcome.CONFIRMED, at=at)
        elif share.state not in ENDED:
            late.add(key)
        elif takeover.message_id not in going_on:
            _end(takeover, Outcome.STOPPED, at=at)
        else:
            ready[key].append(takeover)
    settled = 0
    for key, takeovers in ready.items():
        if key in late and at < takeovers[0].started_at + GATHER_FOR:
            continue
        settled += _hand_on(takeovers, duty.get(key[1]), at=at)
    return settled


def current(county_id: int, *, at: datetime) -> list[EmergencyMessage]:
    """Messages nothing newer has replaced, as long as their officers may still confirm."""
    messages = EmergencyMessage.objects.filter(
        county_id=county_id,
        superseded_at=None,
        approved_at__isnull=False,
        campaign__state__in=GOING_ON,
        campaign__confirm_by__gt=at,
    )
    return list(messages.select_related("campaign"))


def _somebody_waits(county_id: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        county_id=county_id, share=OuterRef("pk"), result=Delivery.Result.PENDING
    )


def _going_on(county_id: int, takeovers: list[Takeover]) -> set[int]:
    """Ids of their messages that nothing has replaced and nobody has stopped.

    Locked: a newer message, or a stop, that comes in this moment waits, and then finds the shares
    of the duty account.
    """
    rows = EmergencyMessage.objects.select_for_update(no_key=True).filter(
        county_id=county_id,
        pk__in={takeover.message_id for takeover in takeovers},
        superseded_at=None,
    )
    messages = {message.campaign_id: message.pk for message in rows.order_by("pk")}
    campaigns = Campaign.objects.select_for_update(no_key=True).filter(
        county_id=county_id, pk__in=messages, state__in=GOING_ON
    )
    return {messages[campaign.pk] for campaign in campaigns.order_by("pk")}


def _duty_accounts(county_id: int) -> dict[int | None, Officer]:
    rows = DutyAccount.objects.filter(county_id=county_id, officer__is_active=True)
    return {row.station_id: row.officer for row in rows.select_related("officer")}


def _hand_on(takeovers: list[Takeover], officer: Officer | None, *, at: datetime) -> int:
    """Move the people whom the duty account has as contacts; the others are left to other ways."""
    theirs = [t for t in takeovers if officer is not None and t.share.officer_id != officer.pk]
    moved = _contacts_of(officer, theirs) if officer is not None else {}
    share_ids = [pk for pks in moved.values() for pk in pks]
    fallbacks: list[Share] = []
    if officer is not None and share_ids:
        fallbacks = _fallback_shares(takeovers[0].message, officer, len(share_ids), at=at)
        for number, share in enumerate(fallbacks):
            part = share_ids[number * MAX_PEOPLE : (number + 1) * MAX_PEOPLE]
            Delivery.objects.filter(county_id=share.county_id, pk__in=part).update(share=share)
    for takeover in takeovers:
        count = len(moved.get(takeover.share_id, ()))
        takeover.people = count
        if count:
            takeover.handed_to = fallbacks[0]
            share = takeover.share
            Share.objects.filter(county_id=share.county_id, pk=share.pk).update(
                people=share.people - count
            )
            tallying.tally(share)
        _end(takeover, Outcome.HANDED_ON if count else Outcome.NOBODY, at=at)
    return len(takeovers)


def _contacts_of(officer: Officer, takeovers: list[Takeover]) -> dict[int, list[int]]:
    """Deliveries that nobody has sent, of people whom the officer has as contacts, by share.

    Whom a short message has reached, or is on its way to, does not get it once more.
    """
    if not takeovers:
        return {}
    found: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.share_id, d.id FROM campaigns_delivery d
            JOIN residents_wechatidentity i
              ON i.county_id = d.county_id AND i.external_userid = d.external_userid
            JOIN residents_contact c
              ON c.county_id = i.county_id AND c.identity_id = i.id
            WHERE d.county_id = %s AND d.share_id = ANY (%s) AND d.result = 'pending'
              AND c.officer_id = %s AND c.state = 'linked'
              AND NOT EXISTS (
                  SELECT 1 FROM residents_resident r
                  JOIN campaigns_sms m ON m.county_id = r.county_id
                      AND m.phone_index = r.phone_index AND m.message_id = %s
                      AND m.state NOT IN ('failed', 'stopped')
                  WHERE r.county_id = d.county_id AND r.id = d.resident_id)
            ORDER BY d.id FOR UPDATE OF d
            """,
            [
                officer.county_id,
                [t.share_id for t in takeovers],
                officer.pk,
                takeovers[0].message_id,
            ],
        )
        for share_id, delivery_id in cursor.fetchall():
            found[share_id].append(delivery_id)
    return found


def _fallback_shares(
    message: EmergencyMessage, officer: Officer, people: int, *, at: datetime
) -> list[Share]:
    campaign = message.campaign
    assert campaign is not None
    # It may look finished: the officers' own shares have all ended.
    Campaign.objects.filter(
        county_id=campaign.county_id, pk=campaign.pk, state__in=GOING_ON
    ).update(state=Campaign.State.RELEASED, ended_at=None)
    own = Share.objects.filter(county_id=campaign.county_id, campaign=campaign, officer=officer)
    last = own.aggregate(last=Max("part"))["last"]
    first = 0 if last is None else last + 1
    sizes = [min(MAX_PEOPLE, people - start) for start in range(0, people, MAX_PEOPLE)]
    shares = [
        new_share(campaign, officer.pk, part=first + n, code=code, people=size, at=at)
        for n, (size, code) in enumerate(
            zip(sizes, codes.new_codes(campaign.county_id, len(sizes)), strict=True)
        )
    ]
    Share.objects.bulk_create(shares)
    jobs.enqueue("campaigns.sweep_now", county_id=campaign.county_id)
    return shares


def _end(takeover: Takeover, outcome: str, *, at: datetime) -> None:
    takeover.outcome, takeover.settled_at = outcome, at
    takeover.save()
    trail.record(
        None, "emergency.taken_over", takeover, at=at, outcome=outcome, people=takeover.people
    )
