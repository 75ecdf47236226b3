"""Connections to the same database as Django's, outside of anybody's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connections
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from wecom_api import Unavailable

POOL_SIZE = 4  # per process; each use lasts about a millisecond
WAIT_SECONDS = 5.0
IDLE_SECONDS = 60.0

# What is kept here can be fetched or counted again, so nobody waits for the disk.
OPTIONS = "-c synchronous_commit=off -c statement_timeout=5000 -c lock_timeout=5000"


@contextmanager
def transaction() -> Iterator[Connection]:
    """A short transaction of its own, committed at the end of the block.

    Raises `wecom_api.Unavailable` when our database is away: without the shared token and limits
    no call may be made, and nothing has happened yet.
    """
    try:
        with _pool(**_parameters()).connection() as connection:
            yield connection
    except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
        raise Unavailable("database", errmsg=f"our own: {type(error).__name__}") from error


def connect(*, options: str) -> Connection:
    """A connection for the caller alone, without a transaction around it. Raises `Unavailable`."""
    try:
        return psycopg.connect(**{**_parameters(), "options": options}, autocommit=True)
    except psycopg.OperationalError as error:
        raise Unavailable("database", errmsg=f"our own: {type(error).__name__}") from error


def hang_up() -> None:
    """Close what is open, for whoever wants to drop the database (tests) or to fork."""
    for pool in _open:
        pool.close()
    _open.clear()
    _pool.cache_clear()


_open: list[ConnectionPool] = []


@lru_cache(maxsize=4)
def _pool(**parameters: Any) -> ConnectionPool:
    pool = ConnectionPool(
        kwargs=parameters,
        min_size=0,
        max_size=POOL_SIZE,
        timeout=WAIT_SECONDS,
        max_idle=IDLE_SECONDS,
        reconnect_timeout=WAIT_SECONDS,
        check=ConnectionPool.check_connection,
        name="wecom-line",
        open=True,
    )
    _open.append(pool)
    return pool


def _parameters() -> dict[str, Any]:
    # Django knows better than the environment: tests run in another database.
    found = connections["default"].settings_dict
    parameters = {
        "dbname": found["NAME"],
        "user": found["USER"],
        "password": found["PASSWORD"],
        "host": found["HOST"],
        "port": found["PORT"],
        **found["OPTIONS"],
        "options": OPTIONS,
        "connect_timeout": 5,
    }
    return {name: value for name, value in parameters.items() if value not in ("", None)}
