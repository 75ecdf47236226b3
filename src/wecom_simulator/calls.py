"""One API call as a handler sees it, and the catalogue of all handlers."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wecom_simulator.refusals import Refused

if TYPE_CHECKING:
    from wecom_simulator.world import World

JSON = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Binary:
    """An answer that is not JSON."""

    content: bytes
    headers: dict[str, str]
    status: int = 200


@dataclass
class Call:
    """Parameters are read through the methods, which refuse or warn as WeCom does."""

    world: "World"
    api: str
    query: dict[str, str]
    body: JSON
    ip: str
    app: sqlite3.Row
    upload: Upload | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wrong_types: bool = False  # "Warning: wrong json format." goes into errmsg

    @property
    def agentid(self) -> int:
        return int(self.app["agentid"])

    def given(self, name: str) -> Any:
        return self.body[name] if name in self.body else self.query.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self.given(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong_types = True
        return str(value)

    def optional(self, name: str) -> str | None:
        return None if self.given(name) is None else self.text(name)

    def required(self, name: str, errcode: int = 40058) -> str:
        """Raises `Refused` when absent or empty."""
        value = self.text(name)
        if not value:
            raise Refused(errcode, f"{name} is missing")
        return value

    def number(self, name: str, default: int = 0) -> int:
        value = self.given(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong_types = self.wrong_types or name in self.body
            try:
                value = int(value)
            except (TypeError, ValueError, OverflowError):
                raise Refused(40058, f"{name} is not a number") from None
        if abs(value) >= 2**62:
            raise Refused(40058, f"{name} is out of range")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.given(name)
        if value is not None and value not in (True, False):
            self.wrong_types = True
        return default if value is None else bool(value)

    def strings(self, name: str, at_most: int | None = None) -> list[str]:
        value = self.given(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong_types = True
            value = [value]
        if at_most is not None and len(value) > at_most:
            raise Refused(40058, f"{name} has more than {at_most} entries")
        return [str(one) for one in value]

    def numbers(self, name: str, at_most: int | None = None) -> list[int]:
        """A list of ids; digits in quotes will do. Raises `Refused` 40058."""
        found = self.strings(name, at_most)
        if not all(one.isascii() and one.isdigit() and len(one) < 18 for one in found):
            raise Refused(40058, f"{name} is not a list of numbers")
        return [int(one) for one in found]

    def objects(self, name: str) -> list[JSON]:
        """The entries of a list that are objects."""
        value = self.given(name)
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

    def inside(self, name: str) -> JSON:
        value = self.given(name)
        return value if isinstance(value, dict) else {}

    def page_size(self, *, default: int, top: int, above_is_default: bool = False) -> int:
        """`limit`; above the top it means the top, or for mass messages the default."""
        limit = self.number("limit", default)
        if limit < 1:
            return default
        if limit > top:
            return default if above_is_default else top
        return limit

    def offset(self) -> int:
        """Where a cursor of ours points. Raises `Refused` for a cursor of somebody else."""
        cursor = self.text("cursor")
        if not cursor:
            return 0
        if not cursor.startswith("c") or not cursor[1:].isdigit():
            raise Refused(40058, "cursor is invalid")
        return int(cursor[1:])

    def visible_member(self, userid: str) -> sqlite3.Row:
        """Raises `Refused` for a member unknown or out of the app's scope."""
        member = self.world.directory.member(userid)
        if member is None:
            raise Refused(40003)
        if member["id"] not in self.world.directory.visible_members(self.app):
            raise Refused(60011)
        return member


def cursor_at(offset: int) -> str:
    return f"c{offset}"


Handler = Callable[[Call], JSON | Binary]


@dataclass(frozen=True)
class Api:
    path: str
    handle: Handler
    customer_contact: bool = False  # needs the app in 可调用接口的应用; absent from private WeCom
    open: bool = False  # without access_token
    uncounted: bool = False  # not in the base limits
    contact_sync: bool = False  # also for the secret of 通讯录同步
    changes: tuple[str, ...] = ()  # two calls at once with the same values here: 45035
    empty: JSON = field(default_factory=dict)  # payload keys that stay in an error answer


CATALOGUE: dict[str, Api] = {}


def api(
    path: str,
    *,
    customer_contact: bool = False,
    open: bool = False,
    uncounted: bool = False,
    contact_sync: bool = False,
    changes: tuple[str, ...] = (),
    empty: JSON | None = None,
) -> Callable[[Handler], Handler]:
    """Register the handler of one path below /cgi-bin/."""

    def register(handle: Handler) -> Handler:
        CATALOGUE[path] = Api(
            path, handle, customer_contact, open, uncounted, contact_sync, changes, empty or {}
        )
        return handle

    return register
