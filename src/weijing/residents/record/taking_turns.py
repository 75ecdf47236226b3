"""Work on records that somebody else may be changing: wait a little, then say so."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from weijing.core.errors import DomainError

WAIT_SECONDS = 8
# Waited too long; two waited for each other. PostgreSQL, appendix A.
_BUSY = ("55P03", "40P01")

P = ParamSpec("P")
R = TypeVar("R")


class Busy(DomainError):
    """An import or another officer holds one of the records; nothing was changed."""

    def __init__(self) -> None:
        super().__init__("没有改动：别人正在处理同一份资料（例如名册导入）。请过一两分钟再点一次。")


def in_turn(work: Callable[P, R]) -> Callable[P, R]:
    """One transaction that waits at most `WAIT_SECONDS` for anybody's lock. Raises `Busy`."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_SECONDS}s"]
                    )
                return work(*args, **kwargs)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) in _BUSY:
                raise Busy from error
            raise

    return run
