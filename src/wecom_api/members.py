"""Members of the address book (docs 90200, 90201, 90196, 96067, 95402)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.paging import pages
from wecom_api.reading import Json

SIMPLELIST = Endpoint("GET", "user/simplelist", Capability.ADDRESS_BOOK)
LIST = Endpoint("GET", "user/list", Capability.ADDRESS_BOOK)
GET = Endpoint("GET", "user/get", Capability.ADDRESS_BOOK)
LIST_ID = Endpoint("POST", "user/list_id", Capability.ADDRESS_BOOK)
GETUSERID = Endpoint("POST", "user/getuserid", Capability.ADDRESS_BOOK)

ACTIVE, DISABLED, NOT_ACTIVATED, LEFT = 1, 2, 4, 5  # Member.status


@dataclass(frozen=True, slots=True)
class MemberName:
    userid: str
    name: str = ""
    department: tuple[int, ...] = ()

    @staticmethod
    def read(data: Json) -> MemberName:
        return MemberName(
            userid=r.needed(data, "userid"),
            name=r.text(data, "name"),
            department=r.numbers(data, "department"),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """`mobile`, `email`, `avatar`, `gender`, `address` stay empty for apps made after 2022-06-20.

    `is_leader_in_dept` is aligned with `department`. `status` 0: WeCom did not say.
    """

    userid: str
    name: str = ""
    department: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    is_leader_in_dept: tuple[int, ...] = ()
    direct_leader: tuple[str, ...] = ()
    main_department: int = 0
    position: str = ""
    external_position: str = ""
    alias: str = ""
    telephone: str = ""
    mobile: str = ""
    email: str = ""
    biz_mail: str = ""
    gender: int = 0
    avatar: str = ""
    address: str = ""
    status: int = 0
    attributes: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def read(data: Json) -> Member:
        return Member(
            userid=r.needed(data, "userid"),
            name=r.text(data, "name"),
            department=r.numbers(data, "department"),
            order=r.numbers(data, "order"),
            is_leader_in_dept=r.numbers(data, "is_leader_in_dept"),
            direct_leader=r.texts(data, "direct_leader"),
            main_department=r.number(data, "main_department"),
            position=r.text(data, "position"),
            external_position=r.text(data, "external_position"),
            alias=r.text(data, "alias"),
            telephone=r.text(data, "telephone"),
            mobile=r.text(data, "mobile"),
            email=r.text(data, "email"),
            biz_mail=r.text(data, "biz_mail"),
            gender=r.number(data, "gender"),
            avatar=r.text(data, "avatar"),
            address=r.text(data, "address"),
            status=r.number(data, "status"),
            attributes=tuple(_attribute(row) for row in r.rows(r.part(data, "extattr"), "attrs")),
        )


@dataclass(frozen=True, slots=True)
class MemberPlace:
    """One row per department of a member."""

    userid: str
    department: int


class Members:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def simplelist(self, department_id: int) -> tuple[MemberName, ...]:
        """Direct members of one department only: walk the tree."""
        return self._caller.call(
            SIMPLELIST,
            lambda data: tuple(MemberName.read(row) for row in r.rows(data, "userlist")),
            query={"department_id": str(department_id)},
        )

    def list(self, department_id: int) -> tuple[Member, ...]:
        """Direct members of one department, in full."""
        return self._caller.call(
            LIST,
            lambda data: tuple(Member.read(row) for row in r.rows(data, "userlist")),
            query={"department_id": str(department_id)},
        )

    def get(self, userid: str) -> Member:
        """Raises `UnknownMember`, `OutOfScope`."""
        checking.present("userid", userid)
        return self._caller.call(GET, Member.read, query={"userid": userid})

    def list_id(self, *, limit: int = 10_000) -> Iterator[MemberPlace]:
        """Every member and department. Only with the secret of 通讯录同步."""
        checking.within("limit", limit, 1, 10_000)
        for page, _ in pages(LIST_ID.api, lambda cursor: self._places(cursor, limit)):
            yield from page

    def getuserid(self, mobile: str) -> str:
        """The userid behind a phone number.

        WeCom blocks this call for a day when wrong numbers exceed a fifth of the corp.
        """
        checking.within("bytes of mobile", len(mobile.encode()), 5, 32)
        return self._caller.call(
            GETUSERID, lambda data: r.needed(data, "userid"), body={"mobile": mobile}
        )

    def _places(self, cursor: str, limit: int) -> tuple[tuple[MemberPlace, ...], str]:
        return self._caller.call(
            LIST_ID, _read_places, body=without_empty(cursor=cursor or None, limit=limit)
        )


def _read_places(data: Json) -> tuple[tuple[MemberPlace, ...], str]:
    places = tuple(
        MemberPlace(r.needed(row, "userid"), r.number(row, "department"))
        for row in r.rows(data, "dept_user")
    )
    return places, r.text(data, "next_cursor")


def _attribute(row: Json) -> tuple[str, str]:
    # The private edition has `value` on the row itself; the public one a part for each type.
    value = (
        r.text(row, "value")
        or r.text(r.part(row, "text"), "value")
        or r.text(r.part(row, "web"), "url")
    )
    return r.text(row, "name"), value
