"""Callbacks arrive over HTTP at a real process, envelopes by wechatpy's codec."""

import base64
import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import psycopg
import pytest
from wechatpy.enterprise.crypto import WeChatCrypto

from tests.sync.ingest_process import (
    AES_KEY,
    CORPID,
    PATH,
    TOKEN,
    Database,
    IngestProcess,
    Load,
    envelope,
    event_xml,
    eventually,
    free_port,
)
from weijing.core import embedded_postgres


@pytest.fixture(scope="module")
def ddl(django_db_blocker) -> list[str]:
    """The inbox table, from the model."""
    from django.db import connection

    from weijing.sync.models import InboxEvent

    with (
        django_db_blocker.unblock(),
        connection.schema_editor(collect_sql=True, atomic=False) as editor,
    ):
        editor.create_model(InboxEvent)
    return [sql for sql in editor.collected_sql if not sql.startswith("--")]


@pytest.fixture(scope="module")
def database(ddl) -> Iterator[Database]:
    database = Database(ddl)
    yield database
    database.remove()


@pytest.fixture
def empty(database: Database) -> Database:
    database.up()
    assert eventually(lambda: not list((database.var / "spool").glob("*.spool")))
    database.execute(b"TRUNCATE sync_inboxevent")
    return database


@pytest.fixture(scope="module")
def started(database: Database) -> Iterator[IngestProcess]:
    process = IngestProcess(database.var)
    yield process
    process.kill()


@pytest.fixture
def ingest(started: IngestProcess, empty: Database) -> IngestProcess:
    """One process for all tests, as long as none of them ends it."""
    if started.process.poll() is not None:
        started.start()
    return started


def test_it_does_not_know_django() -> None:
    modules = "sys, weijing.sync.ingest, weijing.sync.ingest_command"
    code = f"import {modules}; print('django' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_an_event_is_stored_sealed_before_it_is_answered(ingest, empty) -> None:
    assert ingest.post(event_xml("张三")) == 200

    [(xml, repeats, outcome)] = empty.rows().values()
    assert (xml, repeats, outcome) == (event_xml("张三"), 0, "")
    stored = subprocess.run(["grep", "-r", "-a", "-c", "wm-", str(empty.var / "spool")])
    assert stored.returncode == 1


def test_wecom_verifies_the_address(ingest) -> None:
    codec = WeChatCrypto(TOKEN, AES_KEY, CORPID)
    body = codec.encrypt_message("1616140317555161061", "nonce", "1795485600")
    echostr = body.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signature = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    given = {"msg_signature": signature, "timestamp": "1795485600", "nonce": "nonce"}

    query = urlencode({**given, "echostr": echostr})
    assert ingest.get(f"{PATH}?{query}") == (200, b"1616140317555161061")
    wrong = urlencode({**given, "echostr": echostr, "nonce": "other"})
    assert ingest.get(f"{PATH}?{wrong}")[0] == 403
    assert ingest.get(f"{PATH}?{urlencode(given)}")[0] == 400


def test_a_repeated_event_is_one_row_that_waits_again(ingest, empty) -> None:
    ingest.post(event_xml(1))
    empty.execute(b"UPDATE sync_inboxevent SET outcome = 'applied'")

    assert ingest.post(event_xml(1)) == 200

    [(_, repeats, outcome)] = empty.rows().values()
    assert (repeats, outcome) == (1, "")


def test_one_event_sent_by_many_at_once_is_one_row(ingest, empty) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ingest.post(event_xml("same"))))
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 24
    [(_, repeats, _)] = empty.rows().values()
    assert repeats == 23


def test_a_late_delivery_is_kept_and_counted(ingest, empty) -> None:
    before = ingest.counted("stale")
    ingest.post(event_xml("in time"))
    assert ingest.counted("stale") == before

    assert ingest.post(event_xml("late"), at=int(time.time()) - 3 * 86400) == 200

    assert len(empty.rows()) == 2
    assert ingest.counted("stale") == before + 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_refused(ingest, empty, method) -> None:
    query, body = envelope(event_xml(1))
    assert ingest.request(method, f"{PATH}?{query}", body)[0] == 405
    assert empty.rows() == {}


def test_a_body_over_64_kib_is_refused_with_and_without_a_length(ingest, empty) -> None:
    query, body = envelope(event_xml("x" * 70_000))
    assert ingest.request("POST", f"{PATH}?{query}", body)[0] == 413

    connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=10)
    connection.request(
        "POST",
        f"{PATH}?{query}",
        iter([body]),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert connection.getresponse().status == 413
    assert empty.rows() == {}


def test_2000_mutated_envelopes_change_nothing(ingest, empty) -> None:
    seeded = random.Random(20261124)
    query, body = envelope(event_xml("genuine"))
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=10)
    answers: dict[int, int] = {}
    for _ in range(2000):
        mutated_query, mutated = mutate(seeded, fields, body)
        connection.request("POST", f"{PATH}?{mutated_query}", mutated)
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] = answers.get(answer.status, 0) + 1

    assert set(answers) <= {400, 403, 413}, answers
    assert empty.rows() == {}
    assert ingest.spool_files() == []
    assert ingest.request("POST", f"{PATH}?{query}", body)[0] == 200  # it was genuine


def mutate(seeded: random.Random, fields: dict[str, str], body: bytes) -> tuple[str, bytes]:
    """A different message or signature: what stands around `Encrypt` in the body is not signed."""
    fields = dict(fields)
    start = body.index(b"<Encrypt>") + len(b"<Encrypt><![CDATA[")
    end = body.index(b"]]></Encrypt>")
    cipher = bytearray(base64.b64decode(body[start:end]))
    match seeded.randrange(8):
        case 0:
            cipher[seeded.randrange(len(cipher))] ^= 1 << seeded.randrange(8)
        case 1:
            del cipher[seeded.randrange(1, len(cipher)) :]
        case 2:
            cipher += seeded.randbytes(seeded.choice([1, 16, 32]))
        case 3:
            name = seeded.choice(sorted(fields))
            position = seeded.randrange(len(fields[name]))
            fields[name] = fields[name][:position] + "~" + fields[name][position + 1 :]
        case 4:
            fields.pop(seeded.choice(sorted(fields)))
        case 5:
            return urlencode(fields), seeded.randbytes(seeded.randrange(300))
        case 6:
            return urlencode(fields), body[: seeded.randrange(start + 10)]
        case 7:
            entity = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            return urlencode(fields), entity + body
    return urlencode(fields), body[:start] + base64.b64encode(cipher) + body[end:]


def test_another_corps_event_is_refused_although_it_has_our_keys(ingest, empty) -> None:
    nonce, timestamp = "n", str(int(time.time()))
    body = WeChatCrypto(TOKEN, AES_KEY, "ww9999999999999999").encrypt_message(
        event_xml(1), nonce, timestamp
    )
    signature = body.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    query = urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce})

    assert ingest.request("POST", f"{PATH}?{query}", body.encode())[0] == 403
    assert empty.rows() == {}


def test_a_parameter_given_twice_is_refused(ingest, empty) -> None:
    query, body = envelope(event_xml(1))
    assert ingest.request("POST", f"{PATH}?{query}&nonce=other", body)[0] == 400
    assert empty.rows() == {}


# What must survive.


def test_killed_under_load_it_has_lost_nothing_that_it_acknowledged(ingest, empty) -> None:
    with Load(ingest, "killed") as load:
        for _ in range(3):
            load.wait_for(150)
            ingest.kill()
            ingest.start()
        load.wait_for(50)

    assert eventually(lambda: load.acknowledged <= empty.xmls())
    assert len(load.acknowledged) >= 500


def test_killed_while_the_database_is_slow_it_has_lost_nothing_that_it_acknowledged(
    ingest, empty
) -> None:
    """Commits wait here, so whoever answers before the commit is found out."""
    with Load(ingest, "slow") as load:
        load.wait_for(50)
        with psycopg.connect(empty.server.url) as holder:
            holder.execute("LOCK TABLE sync_inboxevent IN EXCLUSIVE MODE")
            time.sleep(0.7)  # less than the patience that leads to the spool
            ingest.kill()
        ingest.start()
        load.wait_for(50)

    assert eventually(lambda: load.acknowledged <= empty.xmls(), seconds=10)


def test_stopped_under_load_it_has_lost_nothing_and_ends_by_itself(ingest, empty) -> None:
    with Load(ingest, "stopped") as load:
        load.wait_for(100)
        assert ingest.stop() == 0

    assert load.acknowledged <= empty.xmls()


def test_a_killed_database_costs_no_event_and_no_answer(ingest, empty) -> None:
    with Load(ingest, "no-database") as load:
        load.wait_for(100)
        empty.kill()
        load.wait_for(200)
        assert ingest.spool_files()
        assert ingest.get("/readyz") == (200, b"ready")
        empty.up()
        load.wait_for(100)

    assert load.other_answers == []
    assert load.slowest_seconds < 4
    assert eventually(lambda: load.acknowledged <= empty.xmls())
    assert eventually(lambda: ingest.spool_files() == [])


def test_both_killed_one_after_the_other_cost_no_event(ingest, empty) -> None:
    with Load(ingest, "both") as load:
        load.wait_for(100)
        empty.kill()
        load.wait_for(100)
        ingest.kill()
        ingest.start()
        load.wait_for(100)
        empty.up()
        load.wait_for(50)

    assert eventually(lambda: load.acknowledged <= empty.xmls())
    assert eventually(lambda: ingest.spool_files() == [])


def test_a_database_that_hangs_is_replaced_by_the_spool_within_two_seconds(ingest, empty) -> None:
    ingest.post(event_xml("before"))
    servers = subprocess.run(
        ["pgrep", "-P", str(empty.server.pid)], capture_output=True, text=True
    ).stdout.split()
    processes = [empty.server.pid, *map(int, servers)]
    for process in processes:
        os.kill(process, 19)
    try:
        started = time.monotonic()
        assert ingest.post(event_xml("hanging")) == 200
        assert time.monotonic() - started < 2.2
        started = time.monotonic()
        assert ingest.post(event_xml("at once")) == 200
        assert time.monotonic() - started < 0.5
    finally:
        for process in processes:
            os.kill(process, 18)

    expected = {event_xml(name) for name in ("before", "hanging", "at once")}
    assert eventually(lambda: empty.xmls() == expected)


def test_without_database_and_disk_it_says_so_and_wecom_must_come_again(ingest, empty) -> None:
    embedded_postgres.down(empty.var)
    spool = empty.var / "spool"
    spool.rename(empty.var / "moved")
    try:
        assert ingest.post(event_xml(1)) == 503
        assert ingest.get("/readyz")[0] == 503
        assert ingest.get("/livez") == (200, b"ok")
    finally:
        (empty.var / "moved").rename(spool)

    assert ingest.post(event_xml(1)) == 200
    assert len(ingest.spool_files()) == 1
    empty.up()
    assert eventually(lambda: empty.xmls() == {event_xml(1)})


def test_two_processes_share_a_spool(empty) -> None:
    ingest = IngestProcess(empty.var, workers=2)
    try:
        with Load(ingest, "two") as load:
            load.wait_for(100)
            empty.kill()
            load.wait_for(200)
            empty.up()
            load.wait_for(100)
        assert eventually(lambda: load.acknowledged <= empty.xmls())
        assert eventually(lambda: ingest.spool_files() == [])
        assert load.other_answers == []
    finally:
        ingest.kill()


# What stops the start.


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WEIJING_WECOM_TOKEN", ""),
        ("WEIJING_WECOM_CORPID", ""),
        ("WEIJING_WECOM_ENCODING_AES_KEY", ""),
        ("WEIJING_WECOM_ENCODING_AES_KEY", "short"),
        ("WEIJING_WECOM_ENCODING_AES_KEY", "!" * 43),
        ("WEIJING_SECRETS_FILE", "/nonexistent/secrets.json"),
    ],
)
def test_what_is_missing_stops_the_start_by_its_name(empty, variable, value) -> None:
    refused = start_anyway(empty.var, {variable: value})
    assert refused.returncode != 0
    assert variable in refused.stderr
    assert "for example" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_spool_that_cannot_be_written_stops_the_start(empty, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_bytes((empty.var / "secrets.json").read_bytes())
    (tmp_path / "spool").write_text("a file where the directory should be")
    refused = start_anyway(tmp_path, {"DATABASE_URL": empty.server.url})
    assert refused.returncode != 0
    assert "WEIJING_VAR" in refused.stderr


def start_anyway(var: Path, changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("WEIJING", "DATABASE"))},
        "WEIJING_VAR": str(var),
        "WEIJING_WECOM_CORPID": CORPID,
        "WEIJING_WECOM_TOKEN": TOKEN,
        "WEIJING_WECOM_ENCODING_AES_KEY": AES_KEY,
        **changes,
    }
    return subprocess.run(
        [sys.executable, "-m", "weijing", "ingest", "--port", str(free_port())],
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
