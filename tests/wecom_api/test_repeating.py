import time

import httpx
import pytest

from wecom_api import Transport
from wecom_api.errors import Busy, Rejected, Throttled, TooLate, Unanswered
from wecom_api.limits import InMemoryRateLimiter

ADD = "externalcontact/add_msg_template"
LIST = "externalcontact/list"


def test_a_busy_wecom_is_asked_again_three_times_with_growing_jittered_waits(script, wecom, naps):
    script.answer(LIST, *[{"errcode": -1, "errmsg": "system busy"}] * 3)
    assert wecom.customers.list("li") == ()
    assert len(script.asked(LIST)) == 4
    for nap, (low, high) in zip(naps, [(1, 3), (2, 4), (4, 8)], strict=True):
        assert low <= nap <= high


def test_after_three_repeats_busy_is_the_callers_matter(script, wecom):
    script.answer(LIST, *[{"errcode": -1}] * 9)
    with pytest.raises(Busy):
        wecom.customers.list("li")
    assert len(script.asked(LIST)) == 4


def test_a_busy_answer_to_a_mass_message_is_unanswered_and_never_repeated(script, wecom, naps):
    script.answer(ADD, {"errcode": -1})
    with pytest.raises(Unanswered):
        wecom.group_messages.add_msg_template(sender="li", text="x")
    assert len(script.asked(ADD)) == 1
    assert naps == []


def test_an_unknown_errcode_to_a_mass_message_is_unanswered(script, wecom):
    script.answer(ADD, {"errcode": 987654, "errmsg": "new in 2027"})
    with pytest.raises(Unanswered) as silence:
        wecom.group_messages.add_msg_template(sender="li", text="x")
    assert silence.value.errcode == 987654


def test_an_unknown_errcode_to_a_read_is_recorded_and_not_repeated(script, wecom):
    script.answer(LIST, {"errcode": 987654})
    with pytest.raises(Rejected):
        wecom.customers.list("li")
    assert len(script.asked(LIST)) == 1


def test_a_rate_limit_blocks_that_call_without_asking_wecom_again(script, wecom):
    script.answer(LIST, {"errcode": 45009})
    for _ in range(30):
        with pytest.raises(Throttled) as refused:
            wecom.customers.list("li")
        assert 50 < refused.value.retry_after_seconds <= 60
    assert len(script.asked(LIST)) == 1
    assert wecom.departments.list() == ()


def test_a_concurrency_limit_asks_for_a_short_pause(script, wecom):
    script.answer(LIST, {"errcode": 45033})
    with pytest.raises(Throttled) as refused:
        wecom.customers.list("li")
    assert refused.value.retry_after_seconds == 5.0


def test_a_call_after_its_deadline_never_leaves(script, wecom):
    with pytest.raises(TooLate):
        wecom.group_messages.add_msg_template(
            sender="li", text="x", not_after=time.monotonic() - 0.001
        )
    assert script.asked(ADD) == []


def test_a_call_that_would_wait_past_its_deadline_never_leaves_nor_waits(script, make_wecom, naps):
    limiter = InMemoryRateLimiter(patience_seconds=100.0)
    wecom = make_wecom(limiter=limiter)
    wecom.check()
    limiter.penalise(ADD, now=time.time())
    with pytest.raises(TooLate):
        wecom.group_messages.add_msg_template(
            sender="li", text="x", not_after=time.monotonic() + 20
        )
    assert script.asked(ADD) == []
    assert naps == []


def test_a_call_whose_wait_took_longer_than_planned_never_leaves(script, make_wecom):
    now, limiter = [0.0], InMemoryRateLimiter(patience_seconds=100.0)

    def oversleep(seconds):
        now[0] += seconds + 30

    wecom = make_wecom(limiter=limiter, monotonic=lambda: now[0], sleep=oversleep)
    limiter.penalise(ADD, now=time.time())
    with pytest.raises(TooLate):
        wecom.group_messages.add_msg_template(sender="li", text="x", not_after=80.0)
    assert script.asked(ADD) == []


def test_the_deadline_also_holds_for_the_repeat_after_a_voided_token(script, make_wecom):
    now = [0.0]

    def slow_gettoken(request):
        if request.url.path.endswith("gettoken"):
            now[0] += 15
        return script(request)

    transport = Transport("https://wecom.example", http=httpx.MockTransport(slow_gettoken))
    wecom = make_wecom(monotonic=lambda: now[0], transport=transport)
    script.answer(ADD, {"errcode": 42001}, {"errcode": 0, "msgid": "m"})
    with pytest.raises(TooLate):
        wecom.group_messages.add_msg_template(sender="li", text="x", not_after=20.0)
    assert len(script.asked(ADD)) == 1


def test_our_own_limit_makes_a_caller_wait_before_the_call(script, make_wecom, naps):
    limiter = InMemoryRateLimiter(patience_seconds=100.0)
    wecom = make_wecom(limiter=limiter)
    limiter.penalise(LIST, now=time.time())
    wecom.customers.list("li")
    assert len(naps) == 1
    assert 59 < naps[0] <= 60
