"""Server settings for one small machine that PostgreSQL shares with the rest of us."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# Not synchronous_commit: what was committed must outlive kill -9 also in tests.
UNSAFE = ("fsync", "full_page_writes")


def settings(*, port: int, fsync: bool) -> dict[str, str]:
    memory = _memory_megabytes()
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "max_connections": "120",
        "shared_buffers": f"{max(32, min(memory // 4, 2048))}MB",
        "effective_cache_size": f"{max(64, memory // 2)}MB",
        "maintenance_work_mem": f"{max(16, min(memory // 16, 512))}MB",
        "work_mem": "16MB",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "Asia/Shanghai",
        "log_timezone": "Asia/Shanghai",
        # A log must hold no personal data: no details, no parameters, no statement with literals.
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
        "log_parameter_max_length": "0",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        # One forgotten transaction holds up vacuum and the job queue for everybody.
        "idle_in_transaction_session_timeout": "30s",
        "client_connection_check_interval": "10s",
        "tcp_keepalives_idle": "60",
        **({} if fsync else dict.fromkeys(UNSAFE, "off")),
    }


def _memory_megabytes() -> int:
    """What this machine, or the container we are in, has."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text()))
    return memory // 1024 // 1024


def as_file(settings: Mapping[str, str]) -> str:
    """The settings in the form of `postgresql.conf`."""
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
