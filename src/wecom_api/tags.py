"""The corp's tag library, and tags on pairs of member and customer (docs 92117, 92118)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import InvalidRequest
from wecom_api.reading import Json

_AREA = Capability.CUSTOMER_CONTACT
GET_CORP_TAG_LIST = Endpoint("POST", "externalcontact/get_corp_tag_list", _AREA)
ADD_CORP_TAG = Endpoint("POST", "externalcontact/add_corp_tag", _AREA, Idempotency.READBACK)
EDIT_CORP_TAG = Endpoint("POST", "externalcontact/edit_corp_tag", _AREA)
# Repeated, it says that there is no such tag: the caller could not tell success from a mistake.
DEL_CORP_TAG = Endpoint("POST", "externalcontact/del_corp_tag", _AREA, Idempotency.READBACK)
MARK_TAG = Endpoint("POST", "externalcontact/mark_tag", _AREA)

MAX_NAME_CHARS = 30
MAX_ORDER = 2**32 - 1


@dataclass(frozen=True, slots=True)
class CorpTag:
    """`create_time` in Unix seconds; larger `order` comes first."""

    id: str
    name: str = ""
    create_time: int = 0
    order: int = 0
    deleted: bool = False

    @staticmethod
    def read(data: Json) -> CorpTag:
        return CorpTag(
            id=r.needed(data, "id"),
            name=r.text(data, "name"),
            create_time=r.number(data, "create_time"),
            order=r.number(data, "order"),
            deleted=r.flag(data, "deleted"),
        )


@dataclass(frozen=True, slots=True)
class CorpTagGroup:
    group_id: str
    group_name: str = ""
    create_time: int = 0
    order: int = 0
    deleted: bool = False
    tag: tuple[CorpTag, ...] = ()

    @staticmethod
    def read(data: Json) -> CorpTagGroup:
        return CorpTagGroup(
            group_id=r.needed(data, "group_id"),
            group_name=r.text(data, "group_name"),
            create_time=r.number(data, "create_time"),
            order=r.number(data, "order"),
            deleted=r.flag(data, "deleted"),
            tag=tuple(CorpTag.read(row) for row in r.rows(data, "tag")),
        )


@dataclass(frozen=True, slots=True)
class NewTag:
    name: str
    order: int | None = None


class Tags:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_corp_tag_list(
        self, *, tag_id: Sequence[str] = (), group_id: Sequence[str] = ()
    ) -> tuple[CorpTagGroup, ...]:
        """All groups with their tags; with `group_id` those groups (then `tag_id` is ignored).

        `deleted` ones come only in filtered queries.
        """
        return self._caller.call(
            GET_CORP_TAG_LIST,
            lambda data: tuple(CorpTagGroup.read(row) for row in r.rows(data, "tag_group")),
            body=without_empty(tag_id=[*tag_id] or None, group_id=[*group_id] or None),
        )

    def add_corp_tag(
        self,
        tag: Sequence[NewTag],
        *,
        group_id: str | None = None,
        group_name: str | None = None,
        order: int | None = None,
    ) -> CorpTagGroup:
        """Add tags to a group, by id, or by name (made when there is none of that name).

        Raises `TagNameTaken`, `TooManyTags`; `Unanswered`: look with `get_corp_tag_list`.
        """
        checking.present("tag", tag)
        if bool(group_id) == bool(group_name):
            raise InvalidRequest(ADD_CORP_TAG.api, errmsg="give group_id or group_name")
        checking.at_most_chars("group_name", group_name or "", MAX_NAME_CHARS)
        for new in tag:
            _check_name_and_order(new.name, new.order)
        return self._caller.call(
            ADD_CORP_TAG,
            lambda data: CorpTagGroup.read(r.part(data, "tag_group")),
            body=without_empty(
                group_id=group_id,
                group_name=group_name,
                order=order,
                tag=[without_empty(name=new.name, order=new.order) for new in tag],
            ),
        )

    def edit_corp_tag(self, id: str, *, name: str | None = None, order: int | None = None) -> None:
        """Rename or move a tag or a group. Only those our app has made."""
        if name is None and order is None:
            raise InvalidRequest(EDIT_CORP_TAG.api, errmsg="nothing to change")
        _check_name_and_order("x" if name is None else name, order)
        self._caller.call(
            EDIT_CORP_TAG, r.nothing, body=without_empty(id=id, name=name, order=order)
        )

    def del_corp_tag(self, *, tag_id: Sequence[str] = (), group_id: Sequence[str] = ()) -> None:
        """Delete tags, or groups with their tags. A group without tags disappears by itself."""
        if not tag_id and not group_id:
            raise InvalidRequest(DEL_CORP_TAG.api, errmsg="name a tag or a group")
        self._caller.call(
            DEL_CORP_TAG,
            r.nothing,
            body=without_empty(tag_id=[*tag_id] or None, group_id=[*group_id] or None),
        )

    def mark_tag(
        self,
        userid: str,
        external_userid: str,
        *,
        add_tag: Sequence[str] = (),
        remove_tag: Sequence[str] = (),
    ) -> None:
        """Put tags on, or take them off, one pair of member and customer.

        Raises `Conflict` when somebody changes the same pair; `TooManyTags` above 3,000.
        """
        if not add_tag and not remove_tag:
            raise InvalidRequest(MARK_TAG.api, errmsg="no tag to add or remove")
        self._caller.call(
            MARK_TAG,
            r.nothing,
            body=without_empty(
                userid=userid,
                external_userid=external_userid,
                add_tag=[*add_tag] or None,
                remove_tag=[*remove_tag] or None,
            ),
        )


def _check_name_and_order(name: str, order: int | None) -> None:
    checking.present("name", name)
    checking.at_most_chars("name", name, MAX_NAME_CHARS)
    checking.within("order", order or 0, 0, MAX_ORDER)
