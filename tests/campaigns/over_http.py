"""The county of these tests, as a WeCom over HTTP knows it, on the simulator's own clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.wecom_simulator.running import Simulator
from wecom_api import Transport, WeCom
from weijing.campaigns import finishing, lapsing, reconciling, sweeping
from weijing.campaigns.attending import attend
from weijing.campaigns.models import Share
from weijing.residents.models import Contact
from weijing.territory.models import County

# Shorter than in production, so that a slow answer is late without a test that waits.
TIMEOUT_SECONDS = 0.5


@dataclass
class Stage:
    """Moves our clock and the simulator's together."""

    simulator: Simulator
    county: County
    wecom: WeCom

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.simulator.now(), UTC)

    def advance(self, seconds: float) -> None:
        self.simulator.advance(seconds)

    def tick(self) -> None:
        """What the periodic sweep and its jobs do."""
        lapsing.lapse(self.county.pk, at=self.now)
        due = sweeping.take_due(self.county.pk, at=self.now)
        for share_id in due.share_ids:
            attend(self.county.pk, share_id, wecom=self.wecom, at=self.now)
        if due.unsure:
            shares = sweeping.take_unsure(self.county.pk, at=self.now)
            reconciling.look_for_all(shares, wecom=self.wecom, at=self.now)
        finishing.finish_campaigns(self.county.pk, at=self.now)

    def until(self, *states: str, ticks: int = 40) -> list[Share]:
        """Let time pass until every share is in one of the states."""
        for _ in range(ticks):
            shares = list(Share.objects.select_related("officer", "campaign").order_by("pk"))
            if all(share.state in states for share in shares):
                return shares
            due = min(s.due_at for s in shares if s.due_at and s.state not in states)
            self.advance(max(1.0, (due - self.now) / timedelta(seconds=1)))
            self.tick()
        raise AssertionError(f"still {[(s.state, s.note, s.failures) for s in shares]}")

    def confirm(self, userid: str) -> dict[str, Any]:
        return self.simulator.admin("acts/mass/confirm", userid=userid)

    def messages(self, share: Share) -> list[dict[str, Any]]:
        """What WeCom really has under this share's code."""
        return [
            message
            for message in self.simulator.truth("mass")["messages"]
            if share.code in message["text"]
        ]


def client(simulator: Simulator, timeout_seconds: float = TIMEOUT_SECONDS) -> WeCom:
    return WeCom(
        corpid=simulator.facts["corpid"],
        secret=simulator.facts["secret"],
        agentid=int(simulator.facts["agentid"]),
        transport=Transport(simulator.facts["base_url"], timeout_seconds),
        clock=simulator.now,  # its limiter and its token live in the simulator's time
        sleep=lambda seconds: None,
    )


def people_known_to(simulator: Simulator, county: County) -> None:
    """Give the simulator every contact that our rows have."""
    contacts = Contact.objects.filter(county=county).select_related("officer", "identity")
    for userid in {contact.officer.wecom_userid for contact in contacts}:
        simulator.member(userid)
        simulator.admin("acts/mass/confirm", userid=userid)  # what a test before left over
    simulator.admin(
        "residents",
        residents=[
            {"external_userid": c.identity.external_userid, "name": c.identity.nickname}
            for c in contacts
        ],
    )
    simulator.admin(
        "relations",
        relations=[
            {"userid": c.officer.wecom_userid, "external_userid": c.identity.external_userid}
            for c in contacts
        ],
    )
