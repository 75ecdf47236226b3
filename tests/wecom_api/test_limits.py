import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wecom_api import limits
from wecom_api.errors import Throttled
from wecom_api.limits import Bucket, InMemoryRateLimiter, rates_of

RATES = rates_of("externalcontact/get")
SMALL = (limits.Rate(60, 60.0, 6), limits.Rate(600, 3600.0, 60))

gaps = st.lists(st.floats(0, 120, allow_nan=False), min_size=1, max_size=300)


def test_the_usual_rates_are_seventy_percent_of_what_wecom_allows():
    assert [(r.calls, r.seconds) for r in RATES] == [(7_000, 60.0), (105_000, 3600.0)]


def test_the_sustained_pace_is_nearly_all_of_the_budget():
    minute, hour = RATES
    assert minute.per_second * 60 >= 0.95 * minute.calls
    assert hour.per_second * 3600 >= 0.9 * hour.calls


def test_tickets_and_permanent_images_have_rates_of_their_own():
    assert [(r.calls, r.seconds) for r in rates_of("get_jsapi_ticket")] == [(70, 3600.0)]
    assert [(r.calls, r.seconds) for r in rates_of("media/uploadimg")] == [(700, 86400.0)]


@given(gaps)
def test_no_window_wherever_it_starts_holds_more_calls_than_the_budget(gaps):
    now, starts, bucket = 1_000_000.0, [], Bucket.full(SMALL, 1_000_000.0)
    for gap in gaps:
        now += gap / 20
        bucket, wait_seconds = limits.take(bucket, SMALL, now)
        starts.append(now + wait_seconds)
    starts.sort()
    for rate in SMALL:
        for first, start in enumerate(starts):
            inside = sum(start <= other < start + rate.seconds for other in starts[first:])
            assert inside <= rate.calls + 1e-6


@given(gaps, st.integers(0, 50))
def test_no_call_starts_inside_a_block_and_what_waited_does_not_start_all_at_once(gaps, at):
    now, bucket, starts = 1_000_000.0, Bucket.full(SMALL, 1_000_000.0), []
    blocked_until = 0.0
    for index, gap in enumerate(gaps):
        now += gap / 20
        if index == at:
            bucket, seconds = limits.penalise(bucket, SMALL, now)
            blocked_until = now + seconds
        bucket, wait_seconds = limits.take(bucket, SMALL, now)
        assert wait_seconds >= 0
        if index >= at:
            assert now + wait_seconds >= blocked_until - 1e-6
            starts.append(now + wait_seconds)
    starts.sort()
    for first, start in enumerate(starts):
        inside = sum(start <= other < start + 60 for other in starts[first:])
        assert inside <= SMALL[0].calls


@given(st.floats(-1e9, 1e9, allow_nan=False), st.floats(-1e9, 1e9, allow_nan=False))
@example(before=3605.0, after=0.0)
def test_a_clock_that_jumps_never_stops_us_for_longer_than_the_longest_window(before, after):
    bucket = Bucket.full(SMALL, before)
    bucket, _ = limits.take(bucket, SMALL, before)
    bucket, _ = limits.penalise(bucket, SMALL, before)
    _, wait_seconds = limits.take(bucket, SMALL, after)
    assert 0 <= wait_seconds <= 3600.0 + limits.BELIEVABLE_SKEW_SECONDS + 1e-3


def test_the_first_penalty_is_a_minute_and_the_next_right_after_it_an_hour():
    bucket = Bucket.full(RATES, 0.0)
    bucket, first = limits.penalise(bucket, RATES, 100.0)
    bucket, second = limits.penalise(bucket, RATES, 165.0)
    assert (first, second) == (60.0, 3600.0)


def test_late_answers_of_the_same_burst_do_not_lengthen_the_penalty():
    bucket = Bucket.full(RATES, 0.0)
    bucket, _ = limits.penalise(bucket, RATES, 100.0)
    same, left = limits.penalise(bucket, RATES, 101.0)
    assert (same, left) == (bucket, 59.0)


def test_a_penalty_long_after_the_last_one_is_a_minute_again():
    bucket = Bucket.full(RATES, 0.0)
    bucket, _ = limits.penalise(bucket, RATES, 100.0)
    _, seconds = limits.penalise(bucket, RATES, 1000.0)
    assert seconds == 60.0


def test_a_wait_beyond_patience_takes_no_slot():
    limiter = InMemoryRateLimiter(patience_seconds=5.0)
    limiter.penalise("a", now=0.0)
    for _ in range(10_000):
        with pytest.raises(Throttled) as refused:
            limiter.acquire("a", now=1.0)
    assert refused.value.retry_after_seconds == pytest.approx(59.0)
    assert limiter.acquire("a", now=60.0) == 0.0


def test_one_busy_call_does_not_slow_another_down():
    limiter = InMemoryRateLimiter(patience_seconds=5.0)
    limiter.penalise("a", now=0.0)
    assert limiter.acquire("b", now=1.0) == 0.0


def test_threads_share_one_budget():
    limiter = InMemoryRateLimiter(patience_seconds=1e9)
    waits: list[float] = []

    def work():
        waits.extend(limiter.acquire("a", now=0.0) for _ in range(500))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == 10_000
    assert sum(wait < 60.0 for wait in waits) <= 7_000
    assert sum(wait < 60.0 for wait in waits) >= 6_900


def test_scaled_limits_stretch_every_rate():
    assert [r.calls for r in rates_of("a", scale=10)] == [70_000, 1_050_000]
