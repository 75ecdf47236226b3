"""A PostgreSQL of our own, for trials, tests and one small machine.

Everything lives under `<var_dir>/postgres`: always the lock, the password and `state.json`; data,
log, socket and, for root, a copy of the binaries too, unless the server's user cannot reach it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

from weijing.core.postgres_binaries import Binaries, DatabaseUnavailable, choose, copied
from weijing.core.postgres_settings import UNSAFE, as_file, settings

__all__ = ["DatabaseUnavailable", "Server", "down", "read_url", "remove", "status", "up"]

# Where root keeps a server whose var directory its user cannot enter; both survive a reboot.
REFUGES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  (ownership is checked)

RETRY_SECONDS = 30  # until the orphans of a killed server have gone away
RECOVERY_SECONDS = 300  # replaying max_wal_size of WAL from a slow disk
STOP_SECONDS = 60
DEFAULT_PORT = 5432  # of single-user mode, which does not listen
ANSWER_SECONDS = 5
SOCKET_PATH_BYTES = 107  # sun_path holds 108 with its end mark; unix(7)
LOG_BYTES = 16 * 1024 * 1024  # a longer log is set aside at the next start

PASSES_BY_ITSELF = re.compile(
    r"pre-existing shared memory block|lock file .* already exists|could not bind|"
    r"could not create any TCP/IP sockets|is in use"
)


@dataclass(frozen=True)
class Server:
    """A running server. `source` is "wheel" or "system"; `version` reads like "18.6"."""

    url: str
    port: int
    data_dir: Path
    pid: int
    version: str
    source: str


def up(
    var_dir: Path, *, fsync: bool = True, extra: Mapping[str, str] = MappingProxyType({})
) -> Server:
    """Start the server of `var_dir` unless it runs, and say how to reach it.

    Any number of processes may call this at once; all get the same server. The first call makes
    the database `weijing` and its owner, the role `weijing` (no superuser, may create databases).
    The password in `postgres/password` is also that of the superuser `postgres`.

    `extra` holds more server settings and wins over ours. A server that already runs keeps the
    settings it has, except that `fsync=True` ends a time of `fsync=False`.

    Raises `DatabaseUnavailable`.
    """
    with _locked(var_dir) as home:
        cluster = _cluster(home)
        state = _read_state(home)
        password, is_new = _password(home)
        if is_new and cluster.exists():
            _stop(cluster)  # its password is lost, and only a server that rests takes a new one
        running = _await_answer(cluster)
        was_running = running is not None
        if running is None:
            binaries = choose(cluster.place)
            if binaries.source == "wheel" and cluster.is_run_by_other_user():
                binaries = copied(binaries, cluster.place)
            if is_new or not cluster.exists():
                _create(cluster, binaries, password, fsync=fsync)
            first_port = state.port if state else None
            running = _start(cluster, binaries, first_port=first_port, fsync=fsync, extra=extra)
        if not was_running or state is None or state.port != running.port:
            binaries = choose(cluster.place)
            state = _State(
                var_dir=str(home.parent),
                data_dir=str(cluster.data),
                port=running.port,
                url=f"postgresql://weijing:{password}@127.0.0.1:{running.port}/weijing",
                version=binaries.version,
                source=binaries.source,
                fsync=fsync and not was_running,  # of a server we find, we cannot know
            )
        if fsync and not state.fsync:
            _end_time_without_fsync(cluster, running)
            state = replace(state, fsync=True)
        _write_private(home / "state.json", json.dumps(asdict(state), indent=1))
        return state.server(running.pid)


def down(var_dir: Path) -> bool:
    """Stop the server like `pg_ctl -m fast`: cut sessions, roll back, write everything down.

    True when a server was running. Raises `DatabaseUnavailable` when it does not stop in time.
    """
    if not (var_dir / "postgres").is_dir():
        return False
    with _locked(var_dir) as home:
        return _stop(_cluster(home))


def remove(var_dir: Path) -> None:
    """Stop the server and delete it with all its data, wherever they lie. For tests and trials.

    Deleting `var_dir` alone is not enough: as root, the data may have had to move out of it.
    """
    if not (var_dir / "postgres").is_dir():
        return
    with _locked(var_dir) as home:
        cluster = _cluster(home)
        _stop(cluster)
        for place in {cluster.place, home}:
            shutil.rmtree(place)


def status(var_dir: Path) -> Server | None:
    """The server of `var_dir` if it runs and takes connections, else None."""
    if not (state := _read_state(_home(var_dir))):
        return None
    running = _running(Path(state.data_dir))
    if not running or running.port != state.port or not running.answers():
        return None
    return state.server(running.pid)


def read_url(var_dir: Path) -> str | None:
    """The URL of the server of `var_dir`, running or not; None when there never was one.

    Reads one small file. Raises `DatabaseUnavailable` when that file is someone else's.
    """
    state = _read_state(_home(var_dir))
    return state.url if state else None


# Where things are, and whose they are.


@dataclass(frozen=True)
class _Cluster:
    """One data directory with what lies beside it, and the user who runs it."""

    place: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.place / "log"

    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def is_run_by_other_user(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        other = self.is_run_by_other_user()
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=RECOVERY_SECONDS + RETRY_SECONDS,
            cwd="/",
            # PGPORT, PGDATA and friends of the caller must not steer our server.
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
            umask=0o077,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
        )


def _home(var_dir: Path) -> Path:
    return var_dir.resolve() / "postgres"


@contextmanager
def _locked(var_dir: Path) -> Iterator[Path]:
    """Hold the right to start and stop the server of `var_dir`; other processes wait."""
    home = _home(var_dir)
    try:
        home.mkdir(parents=True, exist_ok=True)
        if home.stat().st_uid == os.geteuid():
            # As root, the server's user walks through to `data`; secrets in here are 0600.
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with os.fdopen(os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
            _give(lock.fileno(), home.stat())
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield home
    except (OSError, subprocess.SubprocessError) as refusal:
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL of {home} cannot be run: {refusal}"
        ) from refusal


def _cluster(home: Path) -> _Cluster:
    if os.geteuid() != 0:
        return _Cluster(home, os.geteuid(), os.getegid())
    name = "weijing-" + hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    places = [home, *(refuge / name for refuge in REFUGES)]
    for place in places:
        if (place / "data" / "PG_VERSION").exists():
            owner = (place / "data").stat()
            return _Cluster(place, owner.st_uid, owner.st_gid)
    account = _server_account()
    for place in places:
        cluster = _Cluster(place, account.pw_uid, account.pw_gid)
        with suppress(OSError):
            place.mkdir(mode=0o711, exist_ok=True)
            # In a directory open to all, somebody may have been there first.
            if place.is_symlink() or place.stat().st_uid not in (0, account.pw_uid):
                continue
            place.chmod(0o711)
            if cluster.run("test", "-x", place).returncode == 0:
                return cluster
            if place != home:
                place.rmdir()
    raise DatabaseUnavailable(
        f"The user {account.pw_name} can reach none of {', '.join(map(str, places))}."
    )


def _server_account() -> pwd.struct_passwd:
    """Who runs the server for root, whom PostgreSQL refuses."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseUnavailable("PostgreSQL does not run as root, and there is no user `nobody`.")


@dataclass(frozen=True)
class _State:
    """What `state.json` says."""

    var_dir: str
    data_dir: str
    port: int
    url: str
    version: str
    source: str
    fsync: bool

    def server(self, pid: int) -> Server:
        return Server(self.url, self.port, Path(self.data_dir), pid, self.version, self.source)


def _read_state(home: Path) -> _State | None:
    try:
        state = _State(**json.loads((home / "state.json").read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as refusal:
        raise DatabaseUnavailable(f"{home / 'state.json'} cannot be read: {refusal}") from refusal
    except (ValueError, TypeError):
        return None  # half a file or an older layout: the next `up` writes it anew
    # A copied project directory must not talk to the server of the original.
    return state if state.var_dir == str(home.parent) else None


def _password(home: Path) -> tuple[str, bool]:
    """The password, and whether it was made just now."""
    file = home / "password"
    if file.exists() and (password := file.read_text().strip()):
        return password, False
    password = secrets.token_hex(24)
    _write_private(file, password)
    return password, True


def _write_private(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        _give(file.fileno(), path.parent.stat())
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _give(descriptor: int, owner: os.stat_result) -> None:
    """Let root leave no file behind that the directory's owner cannot open."""
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


# A server's life.


@dataclass(frozen=True)
class _Running:
    pid: int
    port: int
    is_ready: bool

    def answers(self) -> bool:
        """Whether it takes connections: a server that was just killed may still look alive."""
        ssl_request = struct.pack("!ii", 8, 80877103)  # any server replies with one letter
        with suppress(OSError):
            address = ("127.0.0.1", self.port)
            with socket.create_connection(address, ANSWER_SECONDS) as line:
                line.sendall(ssl_request)
                return self.is_ready and line.recv(1) != b""
        return False


def _running(data: Path) -> _Running | None:
    """The live postmaster of this data directory, ready or still recovering."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(lines) < 4 or not _works_in(int(lines[0]), data):
        return None
    return _Running(int(lines[0]), int(lines[3]), lines[-1].strip() == "ready")


def _works_in(pid: int, data: Path) -> bool:
    """Whether this process is one of the servers of `data`.

    A number alone proves nothing: after a reboot another program may have it, and in a container
    a killed server stays as a zombie that still takes signals.
    """
    if not Path("/proc/self/cwd").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    process = Path(f"/proc/{pid}")
    try:
        try:
            return (process / "cwd").readlink() == data.resolve()
        except PermissionError:
            # Root without CAP_SYS_PTRACE, as in most containers, sees the name, owner and state of
            # another user's process. Better to take a stranger for ours than the other way round.
            name, _, rest = (process / "stat").read_text().rpartition(")")
            is_alive = rest.split()[0] not in "ZX"
            same_owner = process.stat().st_uid == data.stat().st_uid
            return is_alive and same_owner and name.endswith("(postgres")
    except OSError:
        return False


def _drop_stale_pid_file(data: Path) -> None:
    """Remove the traces of a dead server whose process number another process now has.

    PostgreSQL itself handles every other case. It also looks at this file to find orphans that
    still write, so the file stays as long as any process works in the data directory.
    """
    file = data / "postmaster.pid"
    if not file.exists() or not Path("/proc/self/cwd").exists():
        return
    if not any(_works_in(int(p.name), data) for p in Path("/proc").iterdir() if p.name.isdigit()):
        file.unlink(missing_ok=True)


def _create(cluster: _Cluster, binaries: Binaries, password: str, *, fsync: bool) -> None:
    """Make the data directory and what is in it, or give both roles a new password.

    The roles are made in single-user mode, before anyone can connect. A directory that is only
    half made has another name, so a crash in here is followed by a fresh start.
    """
    _write_settings(cluster, settings(port=DEFAULT_PORT, fsync=fsync))
    if cluster.exists():
        roles = ("postgres", "weijing")
        alter = "".join(f"ALTER ROLE {role} PASSWORD '{password}'\n" for role in roles)
        _drop_stale_pid_file(cluster.data)
        _single_user(cluster, binaries, cluster.data, alter)
        return
    new = cluster.place / "data.new"
    secret = cluster.place / "initdb-password"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    _write_private(secret, password)
    for path in (new, secret):
        os.chown(path, cluster.uid, cluster.gid)
    made = cluster.run(
        binaries.bin / "initdb",
        f"--pgdata={new}",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",  # plain C makes trigrams drop Chinese
        "--data-checksums",
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        *([] if fsync else ["--no-sync"]),
    )
    secret.unlink()
    if made.returncode:
        raise DatabaseUnavailable(f"initdb failed: {made.stderr.strip()}")
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude '../settings.conf'  # written at every start\n")
    _single_user(
        cluster,
        binaries,
        new,
        f"CREATE ROLE weijing LOGIN CREATEDB PASSWORD '{password}'\n"
        "CREATE DATABASE weijing OWNER weijing\n",
    )
    new.rename(cluster.data)


def _single_user(cluster: _Cluster, binaries: Binaries, data: Path, statements: str) -> None:
    done = cluster.run(
        *(binaries.bin / "postgres", "--single", "-D", data, "-c", "exit_on_error=on", "postgres"),
        stdin=statements,
    )
    if done.returncode:
        # What it printed quotes the statement, and the statement holds the password.
        raise DatabaseUnavailable(f"PostgreSQL could not prepare {data} (code {done.returncode}).")


def _start(
    cluster: _Cluster,
    binaries: Binaries,
    *,
    first_port: int | None,
    fsync: bool,
    extra: Mapping[str, str],
) -> _Running:
    _open_log(cluster)
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        _drop_stale_pid_file(cluster.data)
        port = _free_port(first_port)
        _write_settings(cluster, {**settings(port=port, fsync=fsync), **_socket(cluster), **extra})
        written = cluster.log.stat().st_size
        told = cluster.run(
            *(binaries.bin / "pg_ctl", "start", "--wait", f"--timeout={RECOVERY_SECONDS}"),
            *("--silent", f"--pgdata={cluster.data}", f"--log={cluster.log}"),
        )
        if told.returncode == 0 and (running := _await_answer(cluster)):
            return running
        said = cluster.log.read_bytes()[written:].decode(errors="replace") + told.stderr
        if time.monotonic() > deadline or not PASSES_BY_ITSELF.search(said):
            raise DatabaseUnavailable(
                f"PostgreSQL {binaries.version} in {cluster.data} does not start:\n{said[-2000:]}"
            )
        time.sleep(0.3)


def _stop(cluster: _Cluster) -> bool:
    if not (running := _running(cluster.data)):
        return False
    os.kill(running.pid, signal.SIGINT)  # what `pg_ctl -m fast` sends, but needs no binaries
    deadline = time.monotonic() + STOP_SECONDS
    while _works_in(running.pid, cluster.data):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"PostgreSQL (process {running.pid}) does not stop.")
        time.sleep(0.02)
    return True


def _await_answer(cluster: _Cluster) -> _Running | None:
    """The server if it runs, once it has recovered; None as soon as there is none."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while running := _running(cluster.data):
        if running.answers():
            return running
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"PostgreSQL does not answer; see {cluster.log}.")
        time.sleep(0.05)
    return None


def _end_time_without_fsync(cluster: _Cluster, running: _Running) -> None:
    written = (cluster.place / "settings.conf").read_text()
    safe = [line for line in written.splitlines() if line.split(" ")[0] not in UNSAFE]
    _write_private(cluster.place / "settings.conf", "\n".join(safe) + "\n")
    os.chown(cluster.place / "settings.conf", cluster.uid, cluster.gid)
    os.kill(running.pid, signal.SIGHUP)
    os.sync()  # also for what was written before


def _open_log(cluster: _Cluster) -> None:
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_BYTES:
        cluster.log.replace(cluster.log.with_name("log.old"))
    descriptor = os.open(cluster.log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor):
        os.fchown(descriptor, cluster.uid, cluster.gid)


def _free_port(first: int | None) -> int:
    """`first` if nobody listens there, so that an address lasts; else one the system picks."""
    for port in (first or 0, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise DatabaseUnavailable("There is no free port on 127.0.0.1.")


def _socket(cluster: _Cluster) -> dict[str, str]:
    folder = cluster.place / "socket"
    if len(os.fsencode(folder / ".s.PGSQL.65535")) > SOCKET_PATH_BYTES:
        return {"unix_socket_directories": ""}
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, cluster.uid, cluster.gid)
    return {"unix_socket_directories": str(folder)}


def _write_settings(cluster: _Cluster, chosen: Mapping[str, str]) -> None:
    _write_private(cluster.place / "settings.conf", as_file(chosen))
    os.chown(cluster.place / "settings.conf", cluster.uid, cluster.gid)
