"""Where the queue comes in. Jobs run twice or late without harm: the state of a share decides."""

from contextlib import suppress

from weijing.campaigns import (
    attending,
    duplicates,
    listing,
    notifying,
    own_sends,
    reconciling,
    reminding,
    reminding_later,
    restoring,
    sweeping,
)
from weijing.campaigns.content import files, trying, uploading
from weijing.campaigns.content.models import MediaFile, TrialSend
from weijing.campaigns.emergency import reminding as emergency_reminding
from weijing.campaigns.emergency import texting, watching
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import scheduling
from weijing.core import jobs, sms
from weijing.core.clock import now
from weijing.core.line import wecom
from weijing.territory.models import County

BATCHES_OF_SMS = 50  # then the next tick goes on, and another county has its turn


@jobs.task("campaigns.attend", attempts=1)  # the share comes due again by itself
def attend(*, county_id: int, share_id: int) -> None:
    attending.attend(county_id, share_id, wecom=wecom(county_id), at=now())


@jobs.task("campaigns.look", attempts=1)
def look(*, county_id: int) -> None:
    shares = sweeping.take_unsure(county_id, at=now())
    reconciling.look_for_all(shares, wecom=wecom(county_id), at=now())


@jobs.task("campaigns.notify")
def notify(*, county_id: int, share_id: int) -> None:
    shares = Share.objects.select_related("campaign", "officer")
    share = shares.get(county_id=county_id, pk=share_id)
    notifying.notify(share, wecom=wecom(county_id), at=now())


@jobs.task("campaigns.remind")
def remind(*, county_id: int, campaign_id: int) -> None:
    campaign = Campaign.objects.get(county_id=county_id, pk=campaign_id)
    reminding.remind_shares(campaign, wecom=wecom(county_id))


@jobs.task("campaigns.sweep_now", queue=jobs.URGENT)
def sweep_now(*, county_id: int) -> None:
    """After a release or a stop: not to wait for the next tick."""
    sweeping.hand_out(county_id, at=now())


@jobs.task("campaigns.list_people")
def list_people(*, county_id: int) -> None:
    listing.write_all(county_id)


@jobs.periodic("* * * * * */5", "campaigns.sweep", queue=jobs.URGENT)
def sweep(timestamp: int) -> None:
    for county_id in sweeping.counties_with_work():
        sweeping.hand_out(county_id, at=now())


@jobs.periodic("* * * * * 10", "campaigns.release_due", queue=jobs.URGENT)
def release_due(timestamp: int) -> None:
    for county in County.objects.all():
        for campaign_id in scheduling.due(county.pk, at=now()):
            jobs.enqueue(
                "campaigns.release", once=f"release:{campaign_id}",
                county_id=county.pk, campaign_id=campaign_id,
            )  # fmt: skip


@jobs.task("campaigns.release", queue=jobs.URGENT)
def release(*, county_id: int, campaign_id: int) -> None:
    """A job for each: what fails holds up no other message and no other county."""
    scheduling.release_due(county_id, campaign_id, at=now())


@jobs.periodic("* * * * * 25", "campaigns.remind_due")
def remind_due(timestamp: int) -> None:
    for county_id in reminding_later.counties():
        reminding_later.remind_due(county_id, at=now())


@jobs.periodic("* * * * * 40", "campaigns.find_forgotten")
def find_forgotten(timestamp: int) -> None:
    for county_id in sweeping.counties_with_work():
        sweeping.find_forgotten(county_id, at=now())


@jobs.periodic("*/2 * * * * 20", "campaigns.sweep_duplicates")
def sweep_duplicates(timestamp: int) -> None:
    for county in County.objects.all():
        if restoring.unsettled(county.pk):
            restoring.look(county, wecom=wecom(county.pk), at=now())
        duplicates.sweep(county, wecom=wecom(county.pk), at=now())


@jobs.task("campaigns.tell_duty", queue=jobs.URGENT)
def tell_duty(*, county_id: int, event_id: int) -> None:
    event = EmergencyEvent.objects.select_related("road", "county").get(
        county_id=county_id, pk=event_id
    )
    emergency_reminding.tell(event, wecom=wecom(county_id), at=now())


# What is left comes due again. One at a time: a gateway that hangs holds one worker, not all.
@jobs.task("campaigns.send_sms", queue=jobs.URGENT, attempts=1, lock="campaigns.send_sms")
def send_sms(*, county_id: int) -> None:
    for _ in range(BATCHES_OF_SMS):
        if texting.send_due(county_id, gateway=sms.gateway(), at=now()) < sms.MOST_AT_ONCE:
            return


@jobs.task("campaigns.ask_sms_reports", attempts=1, lock="campaigns.ask_sms_reports")
def ask_sms_reports(*, county_id: int) -> None:
    with suppress(sms.NotAnswered):
        texting.ask_reports(county_id, gateway=sms.gateway(), at=now())


@jobs.periodic("* * * * * */5", "campaigns.watch_emergencies", queue=jobs.URGENT)
def watch_emergencies(timestamp: int) -> None:
    for county_id in watching.counties(at=now()):
        watching.watch(county_id, at=now())


@jobs.task("campaigns.upload_media")
def upload_media(*, county_id: int, file_id: int) -> None:
    file = MediaFile.objects.filter(county_id=county_id, pk=file_id).first()
    if file is not None:
        uploading.upload(file, wecom=wecom(county_id), at=now())


@jobs.task("campaigns.try_out", queue=jobs.URGENT)
def try_out(*, county_id: int, trial_id: int) -> None:
    trials = TrialSend.objects.select_related("campaign__county", "officer__station")
    trial = trials.get(county_id=county_id, pk=trial_id)
    trying.send(trial, wecom=wecom(county_id), at=now())


@jobs.periodic("41 * * * *", "campaigns.take_down_own_sends", queue=jobs.BULK)
def take_down_own_sends(timestamp: int) -> None:
    for county in County.objects.all():
        own_sends.take_down(county, wecom=wecom(county.pk), at=now())


@jobs.periodic("17 * * * *", "campaigns.renew_media")
def renew_media(timestamp: int) -> None:
    for county in County.objects.all():
        uploading.renew(county.pk, at=now())
        files.drop_unused(county.pk, at=now())
