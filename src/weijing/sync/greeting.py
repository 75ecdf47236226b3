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
from weijing.sync import doors
from weijing.sync.models import Greeting
from weijing.territory.models import County

CODE_LIVES = timedelta(seconds=20)  # developer.work.weixin.qq.com/document/path/92137
PAUSE_SECONDS = 1.0

TEXT = (
    "您好，我是{bureau}{name}，负责您所在的片区。遇到可疑电话和转账、邻里纠纷、安全隐患或需要帮忙的事，"
    "请直接在这里留言。紧急情况请拨打110。宣传信息只在您同意后才会发送，随时可以告诉我不再接收。"
)
PRIVACY = (
    "您的信息只用来联系您、为您办事，用途、保存期限和谁看过都可以查。查看、更正、退订请点您的专页"
    "（只给您本人用，请不要转发）：\n{url}"
)
PRIVACY_WITHOUT_PAGE = (
    "您的信息只用来联系您、为您办事，想知道记了什么、要更正或者不再联系，随时告诉我。"
)


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
    mine.update(state=state, errcode=errcode, code="", ended_at=now())
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
    county = County.objects.get(pk=greeting.county_id)
    officer = Officer.objects.filter(
        county_id=county.pk, wecom_userid__iexact=greeting.userid
    ).first()
    text = TEXT.format(bureau=county.bureau_name, name=officer.name if officer else "民警")
    left = (greeting.not_after - now()).total_seconds()
    url = doors.new_door(county.pk, greeting.external_userid, wecom, now=now, left_seconds=left)
    return f"{text}\n{PRIVACY.format(url=url) if url else PRIVACY_WITHOUT_PAGE}"
