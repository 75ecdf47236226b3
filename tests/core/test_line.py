"""One line for many threads and processes, on a real database and real sockets."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from tests.core.line_server import CountingWeCom, other_process
from wecom_api import Misconfigured, Throttled, Unavailable, WeCom
from wecom_api.errors import SecretRefused
from wecom_api.tokens import Token
from weijing.core import env, line
from weijing.core.line import client, connections
from weijing.core.line.limiter import KEEP_SECONDS, DatabaseRateLimiter
from weijing.core.line.tokens import DatabaseTokenCache
from weijing.core.models import WeComBucket, WeComHealth, WeComToken

VARIABLES = {
    "WEIJING_WECOM_CORPID": "ww0123456789abcdef",
    "WEIJING_WECOM_AGENTID": "1000002",
    "WEIJING_WECOM_SECRET": "the-secret",
    "WEIJING_WECOM_TIMEOUT_SECONDS": "3",
}


@pytest.fixture(autouse=True)
def rows(db: None) -> Iterator[None]:
    """The line commits by itself, so what it wrote is removed by hand."""
    yield
    client.OUTCOMES.flush()
    with connections.transaction() as own:
        for table in ("wecomtoken", "wecombucket", "wecomhealth"):
            own.execute(f"DELETE FROM core_{table}".encode())
    line.hang_up()


@pytest.fixture
def server() -> Iterator[CountingWeCom]:
    server = CountingWeCom()
    yield server
    server.stop()


@pytest.fixture
def configured(server: CountingWeCom, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of this process and of those it starts."""
    variables = {**VARIABLES, "WEIJING_WECOM_BASE_URL": server.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    env.environment.cache_clear()
    client._client.cache_clear()
    yield variables
    monkeypatch.undo()
    env.environment.cache_clear()
    client._client.cache_clear()


@pytest.fixture
def wecom(configured: dict[str, str]) -> WeCom:
    return line.wecom()


def now() -> datetime:
    return datetime.now(UTC)


# Tokens.

TWENTY_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from weijing.core import line
wecom = line.wecom()
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(20) as threads:
    def check(_):
        try:
            wecom.check()
            return "ok"
        except Exception as error:
            return type(error).__name__
    print(",".join(sorted(set(threads.map(check, range(20))))), flush=True)
"""


def ask_with_two_processes(configured: dict[str, str]) -> list[str]:
    with (
        other_process(TWENTY_THREADS, **configured) as one,
        other_process(TWENTY_THREADS, **configured) as two,
    ):
        both = (one, two)
        assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
        for process in both:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [process.stdout.readline().strip() for process in both]


def test_forty_threads_of_two_processes_fetch_one_token(server, configured) -> None:
    server.delay_seconds = 0.5

    assert ask_with_two_processes(configured) == ["ok", "ok"]
    assert server.calls["gettoken"] == 1


def test_a_wrong_secret_is_asked_once_and_remembered_by_all(server, configured) -> None:
    server.answers["gettoken"] = lambda query: {"errcode": 40001, "errmsg": "invalid credential"}

    assert ask_with_two_processes(configured) == ["SecretRefused", "SecretRefused"]
    with pytest.raises(SecretRefused):
        line.wecom().customers.get("wm1")
    assert server.calls == {"gettoken": 1}
    assert line.health(now()).state == line.State.MISCONFIGURED


def test_a_corrected_secret_works_at_once(server, configured, monkeypatch) -> None:
    def gettoken(query: dict[str, str]) -> dict[str, object]:
        if query["corpsecret"] == "the-secret":
            return {"errcode": 40001}
        return {"errcode": 0, "access_token": "t2", "expires_in": 7200}

    server.answers["gettoken"] = gettoken
    with pytest.raises(SecretRefused):
        line.wecom().check()
    monkeypatch.setenv("WEIJING_WECOM_SECRET", "the right one")
    env.environment.cache_clear()

    line.wecom().check()


def test_a_token_is_sealed_at_rest(wecom) -> None:
    before = list(WeComToken.objects.values_list("pk", flat=True))
    wecom.check()
    [token] = WeComToken.objects.exclude(pk__in=before)
    assert b"t1" not in bytes(token.value_sealed)
    assert "the-secret" not in token.key


def test_a_token_outlives_a_transaction_that_is_rolled_back(server, wecom) -> None:
    with transaction.atomic():
        wecom.check()
        transaction.set_rollback(True)

    assert WeComToken.objects.count() == 1


def test_a_token_voided_by_wecom_is_replaced_in_every_process(server, configured) -> None:
    valid = ["t1"]
    server.answers["gettoken"] = lambda query: {
        "errcode": 0,
        "access_token": valid[0],
        "expires_in": 7200,
    }
    server.answers["externalcontact/get_follow_user_list"] = lambda query: (
        {"errcode": 0, "follow_user": ["a"]}
        if query["access_token"] == valid[0]
        else {"errcode": 40014}
    )
    first, second = line.wecom(), line.wecom()
    client._client.cache_clear()
    second = line.wecom()
    assert first is not second
    for each in (first, second):
        each.customers.get_follow_user_list()
    valid[0] = "t2"

    for each in (first, second):
        each.customers.get_follow_user_list()

    assert server.calls["gettoken"] == 2


def test_the_lock_of_a_killed_process_is_free_at_once(configured) -> None:
    code = (
        "import time\nfrom weijing.core.line.tokens import DatabaseTokenCache\n"
        "with DatabaseTokenCache(lock_seconds=30).lock('key'):\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with other_process(code, **configured) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Unavailable), DatabaseTokenCache(lock_seconds=0.3).lock("key"):
            pass
        holder.kill()
        holder.wait()
        with DatabaseTokenCache(lock_seconds=5).lock("key"):
            pass


def test_no_transaction_is_open_while_somebody_fetches(configured) -> None:
    with DatabaseTokenCache(lock_seconds=5).lock("key"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
            " AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)


def test_a_token_sealed_with_other_keys_is_fetched_anew(configured) -> None:
    cache = DatabaseTokenCache(lock_seconds=5)
    at = time.time()
    cache.put("a", Token("va", at + 100, at + 50))
    cache.put("b", Token("vb", at + 100, at + 50))
    with connections.transaction() as own:
        own.execute(
            "UPDATE core_wecomtoken SET value_sealed ="
            " (SELECT value_sealed FROM core_wecomtoken WHERE key = 'a') WHERE key = 'b'"
        )

    assert DatabaseTokenCache(lock_seconds=5).get("a").value == "va"
    assert DatabaseTokenCache(lock_seconds=5).get("b") is None


# Limits.

MANY_CALLS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from weijing.core.line.limiter import DatabaseRateLimiter
from wecom_api import Throttled
limiter = DatabaseRateLimiter(per_minute={per_minute}, per_hour=1_000_000, patience_seconds=2)
limiter.acquire("warm-up", now=time.time())
print("ready", flush=True)
sys.stdin.readline()
until = time.time() + {seconds}
def call(_):
    made = []
    while time.time() < until:
        try:
            wait = limiter.acquire("api", now=time.time())
        except Throttled:
            time.sleep(0.05)
            continue
        time.sleep(wait)
        made.append(time.time())
    return made
with ThreadPoolExecutor(4) as threads:
    print(" ".join(str(at) for made in threads.map(call, range(4)) for at in made), flush=True)
"""


def test_two_processes_together_keep_the_limit(configured) -> None:
    """A minute of test would be long: with the burst, any 5 s hold at most what is due to them."""
    per_minute, seconds = 1200, 5
    code = MANY_CALLS.format(per_minute=per_minute, seconds=seconds)
    with other_process(code, **configured) as one, other_process(code, **configured) as two:
        for process in (one, two):
            assert process.stdout.readline() == "ready\n"
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        made = sorted(
            float(at) for process in (one, two) for at in process.stdout.readline().split()
        )

    minute = DatabaseRateLimiter(per_minute=per_minute, per_hour=1_000_000).rates("api")[0]
    for index, start in enumerate(made):
        in_second = sum(1 for at in made[index:] if at < start + 1)
        # Slots may be used a moment late, so a second holds those of two.
        assert in_second <= minute.burst + minute.per_second * (1 + KEEP_SECONDS) + 1
    span = made[-1] - made[0]
    assert len(made) <= minute.burst + minute.per_second * (span + KEEP_SECONDS) + 1
    assert len(made) >= 0.8 * minute.per_second * seconds  # and what is due is made use of


def test_any_minute_holds_at_most_what_a_minute_allows(configured) -> None:
    limiters = [DatabaseRateLimiter(per_minute=60, per_hour=100_000) for _ in range(3)]
    made: list[float] = []
    clock = 1_800_000_000.0
    while clock < 1_800_000_000.0 + 200:
        for limiter in limiters:
            with suppress(Throttled):
                made.append(clock + limiter.acquire("api", now=clock))
        clock += 0.5
    made.sort()

    fullest = max(
        sum(1 for at in made[index:] if at < start + 60) for index, start in enumerate(made)
    )
    assert 50 <= fullest <= 60


def test_a_block_holds_for_every_process(configured) -> None:
    one, two = (DatabaseRateLimiter(per_minute=6000, per_hour=100_000) for _ in range(2))
    at = time.time()
    one.acquire("api", now=at)

    seconds = one.penalise("api", now=at)

    assert 60 <= seconds <= 62
    for limiter in (one, two):
        with pytest.raises(Throttled):
            limiter.acquire("api", now=at + 1)
        assert limiter.acquire("other", now=at + 1) < 0.5
    assert two.acquire("api", now=at + seconds + 1) < 0.5


def test_slots_kept_by_a_process_are_not_used_after_a_block(configured) -> None:
    limiter = DatabaseRateLimiter(per_minute=6000, per_hour=100_000)
    at = time.time()
    for _ in range(5):
        limiter.acquire("api", now=at)
    limiter.penalise("api", now=at)
    with pytest.raises(Throttled):
        limiter.acquire("api", now=at)


def test_a_busy_process_needs_far_fewer_transactions_than_calls(configured, monkeypatch) -> None:
    limiter = DatabaseRateLimiter(per_minute=60_000, per_hour=1_000_000)
    real, used = limiter._reserve, []
    monkeypatch.setattr(limiter, "_reserve", lambda *a: used.append(1) or real(*a))
    at = time.time()
    for number in range(160):
        limiter.acquire("api", now=at + number / 160)
    assert len(used) <= 40


def test_limits_are_kept_outside_of_the_callers_transaction(configured) -> None:
    limiter = DatabaseRateLimiter(per_minute=6000, per_hour=100_000)
    with transaction.atomic():
        limiter.acquire("api", now=time.time())
        transaction.set_rollback(True)
    assert WeComBucket.objects.filter(api="api").exists()


def test_who_has_waited_for_its_turn_is_not_sent_to_wait_again(configured) -> None:
    limiter = DatabaseRateLimiter(per_minute=1_000_000, per_hour=10_000_000, max_batch=1)

    def acquire(number: int) -> float:
        return limiter.acquire(f"api-{number % 3}", now=time.time())

    with ThreadPoolExecutor(16) as threads:
        assert max(threads.map(acquire, range(200))) < 0.005


# Health.


def test_it_is_well_while_calls_succeed(wecom, server) -> None:
    wecom.check()
    client.OUTCOMES.flush()
    assert line.health(now()).sentence == "正常"
    assert line.health(now()).works


def test_a_wecom_that_cannot_be_reached_is_said_and_forgotten_when_it_is_back(
    wecom, server
) -> None:
    server.answers["gettoken"] = lambda query: None
    with pytest.raises(Unavailable):
        wecom.check()
    client.OUTCOMES.flush()
    health = line.health(now())
    assert health.sentence == "企业微信暂时连不上，已排队，连上后自动继续"
    assert [trouble.api for trouble in health.troubles] == ["gettoken"]

    del server.answers["gettoken"]
    server.answers["gettoken"] = lambda query: {
        "errcode": 0,
        "access_token": "t1",
        "expires_in": 7200,
    }
    wecom.check()
    client.OUTCOMES.flush()
    assert line.health(now()).works


def test_too_many_calls_are_said_while_they_are_blocked(wecom, server) -> None:
    server.answers["externalcontact/get_follow_user_list"] = lambda query: {"errcode": 45009}
    with pytest.raises(Throttled):
        wecom.customers.get_follow_user_list()
    client.OUTCOMES.flush()

    assert line.health(now()).sentence == "调用太频繁，已放慢"
    assert line.health(now() + timedelta(minutes=3)).works


def test_a_missing_permission_is_said_with_the_call_that_lacks_it(wecom, server) -> None:
    server.answers["externalcontact/get_follow_user_list"] = lambda query: {"errcode": 48002}
    with pytest.raises(Misconfigured):
        wecom.customers.get_follow_user_list()
    client.OUTCOMES.flush()

    health = line.health(now())
    assert health.sentence == "密钥或权限不对，请系统管理员检查"
    [trouble] = health.troubles
    assert (trouble.api, trouble.errcode) == ("externalcontact/get_follow_user_list", 48002)


def test_a_refusal_of_what_we_asked_for_is_no_illness(wecom, server) -> None:
    server.answers["externalcontact/get_follow_user_list"] = lambda query: {"errcode": 40096}
    with pytest.raises(Exception, match="40096"):
        wecom.customers.get_follow_user_list()
    client.OUTCOMES.flush()
    assert line.health(now()).works


def test_without_configuration_it_says_so_and_calls_nobody(configured, server, monkeypatch) -> None:
    monkeypatch.setenv("WEIJING_WECOM_SECRET", "")
    env.environment.cache_clear()
    assert line.health(now()).sentence == "没有配置"
    with pytest.raises(Misconfigured, match="WEIJING_WECOM_SECRET"):
        line.wecom()
    assert server.calls == {}


def test_a_thousand_calls_are_a_write_or_two(configured, monkeypatch) -> None:
    writes = []
    real = connections.transaction
    monkeypatch.setattr(
        connections, "transaction", lambda: writes.append(threading.get_ident()) or real()
    )
    started = time.monotonic()
    for number in range(1000):
        client.OUTCOMES.observe(f"api-{number % 3}", 0 if number % 10 else None, 0.01)
    assert time.monotonic() - started < 1.0
    client.OUTCOMES.flush()

    assert len(writes) <= 2
    counted = WeComHealth.objects.filter(api__startswith="api-").values_list("calls", "failures")
    assert sum(calls for calls, _ in counted) == 1000
    assert sum(failures for _, failures in counted) == 100


def test_outcomes_are_written_down_although_nobody_calls_again(wecom) -> None:
    client.OUTCOMES.observe("api", 0, 0.01)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not WeComHealth.objects.filter(api="api").exists():
        time.sleep(0.05)
    assert WeComHealth.objects.get(api="api").calls == 1


def test_counts_wait_for_a_database_that_is_away(configured, monkeypatch) -> None:
    def away() -> None:
        raise Unavailable

    monkeypatch.setattr(connections, "transaction", away)
    client.OUTCOMES.observe("api", 0, 0.01)
    client.OUTCOMES.flush()
    monkeypatch.undo()
    client.OUTCOMES.observe("api", None, 0.01)
    client.OUTCOMES.flush()

    row = WeComHealth.objects.get(api="api")
    assert (row.calls, row.failures) == (2, 1)
    assert row.ok_at is not None
