"""The one message that reaches a resident without a tap: sent once, within 20 seconds, or never."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from wecom_api import Misconfigured, Rejected, Unanswered, Unavailable, WeCom
from wecom_api.callbacks import Event
from wecom_api.errors import WelcomeTooLate
from weijing.accounts.models import Officer
from weijing.core import jobs
from weijing.core.logs import log
from weijing.residents.models import ContactWay
from weijing.residents.ways import leading, welcoming
from weijing.sync import doors
from weijing.sync.models import Greeting
from weijing.territory.models import Beat, County
from weijing.territory.naming import grid_name

CODE_LIVES = timedelta(seconds=20)  # developer.work.weixin.qq.com/document/path/92137
PAUSE_SECONDS = 1.0


def prepare(county_id: int, event: Event, *, at: datetime) -> None:
    """Note that this code may be used; the first event that brings it decides."""
    happened_at = datetime.fromtimestamp(event.create_time, UTC)
    greeting, is_new = Greeting.objects.get_or_create(
        county_id=county_id,
        code_digest=hashlib.sha256(event.welcome_code.encode()).hexdigest(),
        defaults={
            "code": event.welcome_code[:200],
            "userid": event.user_id,
            "external_userid": event.external_user_id,
            "way_state": event.state[:64],
            "not_after": happened_at + CODE_LIVES,
        },
    )
    if is_new:
        jobs.enqueue("sync.greet", county_id=county_id, greeting_id=greeting.pk)


def greet(
    county_id: int,
    greeting_id: int,
    wecom: WeCom,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Send it, unless somebody has begun to. Who dies half-way leaves it unsent or unsure.

    Nothing is repeated after a call whose answer was lost: the resident may have read it.
    """
    mine = Greeting.objects.filter(county_id=county_id, pk=greeting_id)
    if not mine.filter(state=Greeting.State.WAITING).update(state=Greeting.State.SENDING):
        return
    greeting = mine.get()
    state, errcode = _send(greeting, wecom, now=now, sleep=sleep)
    mine.update(state=state, errcode=errcode, code="", ended_at=now(), welcome=greeting.welcome)
    if state != Greeting.State.SENT:
        log.warning("sync.not_greeted", outcome=state, errcode=errcode)


def give_up_on_forgotten(*, at: datetime) -> int:
    """Greetings whose sender died, or whom nobody took up in time. Returns how many."""
    old = Greeting.objects.filter(not_after__lt=at - CODE_LIVES)
    late = old.filter(state=Greeting.State.WAITING).update(
        state=Greeting.State.LATE, code="", ended_at=at
    )
    unsure = old.filter(state=Greeting.State.SENDING).update(
        state=Greeting.State.UNSURE, code="", ended_at=at
    )
    return late + unsure


def _send(
    greeting: Greeting,
    wecom: WeCom,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> tuple[str, int | None]:
    text = _words(greeting, wecom, now=now)
    while (left := (greeting.not_after - now()).total_seconds()) > 0:
        try:
            wecom.welcome.send_welcome_msg(
                greeting.code, text=text, not_after=time.monotonic() + left
            )
        except Unavailable:  # it has not been sent, and there may be time
            sleep(min(PAUSE_SECONDS, left))
        except Unanswered as silence:
            return Greeting.State.UNSURE, silence.errcode
        except WelcomeTooLate as refusal:
            return Greeting.State.LATE, refusal.errcode
        except (Rejected, Misconfigured) as refusal:
            return Greeting.State.REFUSED, refusal.errcode
        else:
            return Greeting.State.SENT, 0
    return Greeting.State.LATE, None


def _words(greeting: Greeting, wecom: WeCom, *, now: Callable[[], datetime]) -> str:
    """In the words of the beat whose code was scanned, else of the officer's own beat."""
    county = County.objects.get(pk=greeting.county_id)
    officers = Officer.objects.filter(county_id=county.pk, wecom_userid__iexact=greeting.userid)
    officer = officers.first()
    beat = _beat(greeting, officer, at=now())
    text, greeting.welcome = welcoming.in_force(county.pk, beat.pk if beat else None)
    left = (greeting.not_after - now()).total_seconds()
    url = doors.new_door(county.pk, greeting.external_userid, wecom, now=now, left_seconds=left)
    return welcoming.message(
        text,
        bureau=county.bureau_name,
        name=officer.name if officer else "民警",
        beat=grid_name(beat.name) if beat else "本片区",
        url=url,
    )


def _beat(greeting: Greeting, officer: Officer | None, *, at: datetime) -> Beat | None:
    ways = ContactWay.objects.filter(county_id=greeting.county_id, state=greeting.way_state)
    way = ways.select_related("beat").defer("picture").first() if greeting.way_state else None
    if way is not None and way.beat is not None:
        return way.beat
    beat_id = leading.beat_of(officer, at=at) if officer else None
    return Beat.objects.filter(county_id=greeting.county_id, pk=beat_id or 0).first()
