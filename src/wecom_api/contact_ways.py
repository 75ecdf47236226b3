"""「联系我」: QR codes by which residents add a member (doc 92228)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import InvalidRequest
from wecom_api.paging import pages
from wecom_api.reading import Json

_AREA = Capability.CUSTOMER_CONTACT
ADD = Endpoint("POST", "externalcontact/add_contact_way", _AREA, Idempotency.READBACK)
GET = Endpoint("POST", "externalcontact/get_contact_way", _AREA)
LIST = Endpoint("POST", "externalcontact/list_contact_way", _AREA)
UPDATE = Endpoint("POST", "externalcontact/update_contact_way", _AREA)
DELETE = Endpoint("POST", "externalcontact/del_contact_way", _AREA, Idempotency.READBACK)

SINGLE, MULTI = 1, 2  # type
MINI_PROGRAM, QR_CODE = 1, 2  # scene


@dataclass(frozen=True, slots=True)
class AddedContactWay:
    """Keep `config_id`: without it the way can be neither changed nor deleted."""

    config_id: str
    qr_code: str = ""


@dataclass(frozen=True, slots=True)
class ContactWay:
    config_id: str
    type: int = 0
    scene: int = 0
    style: int = 0
    remark: str = ""
    skip_verify: bool = True
    state: str = ""
    qr_code: str = ""
    user: tuple[str, ...] = ()
    party: tuple[int, ...] = ()

    @staticmethod
    def read(data: Json) -> ContactWay:
        return ContactWay(
            config_id=r.needed(data, "config_id"),
            type=r.number(data, "type"),
            scene=r.number(data, "scene"),
            style=r.number(data, "style"),
            remark=r.text(data, "remark"),
            skip_verify=data.get("skip_verify") is None or r.flag(data, "skip_verify"),
            state=r.text(data, "state"),
            qr_code=r.text(data, "qr_code"),
            user=r.texts(data, "user"),
            party=r.numbers(data, "party"),
        )


class ContactWays:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def add(
        self,
        *,
        user: Sequence[str] = (),
        party: Sequence[int] = (),
        type: int | None = None,
        scene: int = QR_CODE,
        state: str | None = None,
        remark: str | None = None,
        skip_verify: bool | None = None,
        style: int | None = None,
        is_exclusive: bool | None = None,
        mark_source: bool | None = None,
    ) -> AddedContactWay:
        """A new way. `type` follows from whom it leads to when not given.

        `state` (30 characters) comes back with every resident who uses this way.
        Raises `ContactWayRefused`, `MemberUnfit`; `Unanswered`: look with `list`.
        """
        kind = type or (SINGLE if len(user) == 1 and not party else MULTI)
        if kind == SINGLE and (len(user) != 1 or party):
            raise InvalidRequest(ADD.api, errmsg="a single way leads to exactly one member")
        if not user and not party:
            raise InvalidRequest(ADD.api, errmsg="the way leads to nobody")
        _check(user, state, remark)
        return self._caller.call(
            ADD,
            lambda data: AddedContactWay(r.needed(data, "config_id"), r.text(data, "qr_code")),
            body=without_empty(
                type=kind,
                scene=scene,
                style=style,
                remark=remark,
                skip_verify=skip_verify,
                state=state,
                user=[*user] or None,
                party=[*party] or None,
                is_exclusive=is_exclusive,
                mark_source=mark_source,
            ),
        )

    def get(self, config_id: str) -> ContactWay:
        checking.present("config_id", config_id)
        return self._caller.call(
            GET,
            lambda data: ContactWay.read(r.part(data, "contact_way")),
            body={"config_id": config_id},
        )

    def list(self, *, start_time: int | None = None, end_time: int | None = None) -> Iterator[str]:
        """config_ids of all ways made in the period (Unix seconds; default: the last 90 days)."""
        for page, _ in pages(LIST.api, lambda cursor: self._list(start_time, end_time, cursor)):
            yield from page

    def update(
        self,
        config_id: str,
        *,
        user: Sequence[str] | None = None,
        party: Sequence[int] | None = None,
        state: str | None = None,
        remark: str | None = None,
        skip_verify: bool | None = None,
        style: int | None = None,
    ) -> None:
        """Change what is given; `user` and `party` replace what was there."""
        checking.present("config_id", config_id)
        _check(user or (), state, remark)
        self._caller.call(
            UPDATE,
            r.nothing,
            body=without_empty(
                config_id=config_id,
                remark=remark,
                skip_verify=skip_verify,
                style=style,
                state=state,
                user=None if user is None else [*user],
                party=None if party is None else [*party],
            ),
        )

    def delete(self, config_id: str) -> None:
        checking.present("config_id", config_id)
        self._caller.call(DELETE, r.nothing, body={"config_id": config_id})

    def _list(
        self, start_time: int | None, end_time: int | None, cursor: str
    ) -> tuple[tuple[str, ...], str]:
        return self._caller.call(
            LIST,
            _read_ids,
            body=without_empty(
                start_time=start_time, end_time=end_time, cursor=cursor or None, limit=1000
            ),
        )


def _read_ids(data: Json) -> tuple[tuple[str, ...], str]:
    ids = tuple(r.needed(row, "config_id") for row in r.rows(data, "contact_way"))
    return ids, r.text(data, "next_cursor")


def _check(user: Sequence[str], state: str | None, remark: str | None) -> None:
    checking.at_most_items("user", user, 100)
    checking.at_most_chars("state", state or "", 30)
    checking.at_most_chars("remark", remark or "", 30)
