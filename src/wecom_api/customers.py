"""Customers: residents whom a member has added (docs 92571, 92113, 92114, 92994, 92115)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.errors import InvalidRequest, NotAFollower
from wecom_api.paging import pages
from wecom_api.reading import Json

_AREA = Capability.CUSTOMER_CONTACT
GET_FOLLOW_USER_LIST = Endpoint("GET", "externalcontact/get_follow_user_list", _AREA)
LIST = Endpoint("GET", "externalcontact/list", _AREA)
GET = Endpoint("GET", "externalcontact/get", _AREA)
BATCH_GET_BY_USER = Endpoint("POST", "externalcontact/batch/get_by_user", _AREA)
REMARK = Endpoint("POST", "externalcontact/remark", _AREA)

WECHAT, WECOM = 1, 2  # ExternalContact.type
CORP_TAG, PERSONAL_TAG, STRATEGY_TAG = 1, 2, 3  # FollowerTag.type


# Tuples, made from values in their order: a third of what frozen dataclasses cost, and a county's
# first reading makes a million of each.
class ExternalContact(NamedTuple):
    """`name` is a nickname, not an identity. `gender` 0: unknown."""

    external_userid: str
    name: str = ""
    type: int = 0
    gender: int = 0
    avatar: str = ""
    unionid: str = ""
    position: str = ""
    corp_name: str = ""
    corp_full_name: str = ""

    @staticmethod
    def read(data: Json) -> ExternalContact:
        return ExternalContact(
            r.needed(data, "external_userid"),
            r.text(data, "name"),
            r.number(data, "type"),
            r.number(data, "gender"),
            r.text(data, "avatar"),
            r.text(data, "unionid"),
            r.text(data, "position"),
            r.text(data, "corp_name"),
            r.text(data, "corp_full_name"),
        )


@dataclass(frozen=True, slots=True)
class FollowerTag:
    """A tag on one pair. Personal tags have no tag_id."""

    tag_name: str
    group_name: str = ""
    tag_id: str = ""
    type: int = CORP_TAG

    @staticmethod
    def read(data: Json) -> FollowerTag:
        return FollowerTag(
            tag_name=r.text(data, "tag_name"),
            group_name=r.text(data, "group_name"),
            tag_id=r.text(data, "tag_id"),
            type=r.number(data, "type"),
        )


class Follower(NamedTuple):
    """One member's side of the relation. All of it belongs to the pair, not to the person.

    `createtime` is in Unix seconds. `tags` comes from `get`; `tag_id` (corp and strategy tags
    only) from `batch_get_by_user`, which has no names; `get` fills it from the tags that have ids.
    """

    userid: str
    remark: str = ""
    description: str = ""
    createtime: int = 0
    tags: tuple[FollowerTag, ...] = ()
    tag_id: tuple[str, ...] = ()
    remark_corp_name: str = ""
    remark_mobiles: tuple[str, ...] = ()
    oper_userid: str = ""
    add_way: int = 0
    state: str = ""

    @staticmethod
    def read(data: Json) -> Follower:
        tags = tuple(map(FollowerTag.read, r.rows(data, "tags")))
        return Follower(
            r.needed(data, "userid"),
            r.text(data, "remark"),
            r.text(data, "description"),
            r.number(data, "createtime"),
            tags,
            r.texts(data, "tag_id") or tuple(tag.tag_id for tag in tags if tag.tag_id),
            r.text(data, "remark_corp_name"),
            tuple(filter(None, r.texts(data, "remark_mobiles"))),
            r.text(data, "oper_userid"),
            r.number(data, "add_way"),
            r.text(data, "state"),
        )


@dataclass(frozen=True, slots=True)
class Customer:
    """A person and every visible member who follows them."""

    external_contact: ExternalContact
    follow_user: tuple[Follower, ...] = ()


class CustomerOfMember(NamedTuple):
    """A person as one member has them."""

    external_contact: ExternalContact
    follow_info: Follower


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """`next_cursor` resumes after this page; "" on the last one."""

    external_contact_list: tuple[CustomerOfMember, ...]
    next_cursor: str = ""
    unlicensed_userid_list: tuple[str, ...] = ()


class Customers:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_follow_user_list(self) -> tuple[str, ...]:
        """Userids of the members who have customer contact, within the app's scope."""
        return self._caller.call(GET_FOLLOW_USER_LIST, lambda data: r.texts(data, "follow_user"))

    def list(self, userid: str) -> tuple[str, ...]:
        """The member's customers as external_userids; empty also where WeCom says 84061."""
        checking.present("userid", userid)
        try:
            return self._caller.call(
                LIST, lambda data: r.texts(data, "external_userid"), query={"userid": userid}
            )
        except NotAFollower:
            return ()

    def get(self, external_userid: str) -> Customer:
        """With all followers, however many pages that takes.

        Raises `NotAFollower`, `UnknownCustomer` when nobody visible follows the person (any more).
        """
        checking.present("external_userid", external_userid)
        merged: Customer | None = None
        for page, _ in pages(GET.api, lambda cursor: self._get(external_userid, cursor)):
            merged = page if merged is None else _with_more_followers(merged, page)
        assert merged is not None  # there is always a first page
        return merged

    def batch_get_by_user(
        self, userid_list: Sequence[str], *, cursor: str = "", limit: int = 100
    ) -> Iterator[CustomerPage]:
        """Customers of up to 100 members, page by page, in no promised order.

        To resume after a stop, pass the `next_cursor` of the last page that was kept.
        Raises `NotAFollower` when none of the members has a customer.
        """
        checking.present("userid_list", userid_list)
        checking.at_most_items("userid_list", userid_list, 100)
        checking.within("limit", limit, 1, 100)
        fetched = pages(
            BATCH_GET_BY_USER.api,
            lambda position: self._batch(userid_list, position, limit),
            cursor,
        )
        return (page for page, _ in fetched)

    def remark(
        self,
        userid: str,
        external_userid: str,
        *,
        remark: str | None = None,
        description: str | None = None,
        remark_company: str | None = None,
        remark_mobiles: Sequence[str] | None = None,
        remark_pic_mediaid: str | None = None,
    ) -> None:
        """Change what the member wrote about the customer; None leaves a field as it is.

        `remark_mobiles` replaces all numbers; an empty sequence clears them.
        """
        checking.at_most_chars("remark", remark or "", 20)
        checking.at_most_chars("description", description or "", 150)
        checking.at_most_chars("remark_company", remark_company or "", 20)
        changes = without_empty(
            remark=remark,
            description=description,
            remark_company=remark_company,
            # An empty list would mean "no change" to WeCom.
            remark_mobiles=None if remark_mobiles is None else [*remark_mobiles] or [""],
            remark_pic_mediaid=remark_pic_mediaid,
        )
        if not changes:
            raise InvalidRequest(REMARK.api, errmsg="nothing to change")
        self._caller.call(
            REMARK,
            r.nothing,
            body={"userid": userid, "external_userid": external_userid, **changes},
        )

    def _get(self, external_userid: str, cursor: str) -> tuple[Customer, str]:
        query = {"external_userid": external_userid}
        if cursor:
            query["cursor"] = cursor
        return self._caller.call(GET, _read_customer, query=query)

    def _batch(
        self, userid_list: Sequence[str], cursor: str, limit: int
    ) -> tuple[CustomerPage, str]:
        page = self._caller.call(
            BATCH_GET_BY_USER,
            _read_page,
            body={"userid_list": [*userid_list], "cursor": cursor, "limit": limit},
        )
        return page, page.next_cursor


def _read_customer(data: Json) -> tuple[Customer, str]:
    customer = Customer(
        external_contact=ExternalContact.read(r.part(data, "external_contact")),
        follow_user=tuple(Follower.read(row) for row in r.rows(data, "follow_user")),
    )
    return customer, r.text(data, "next_cursor")


def _with_more_followers(customer: Customer, page: Customer) -> Customer:
    return replace(customer, follow_user=customer.follow_user + page.follow_user)


def _read_page(data: Json) -> CustomerPage:
    return CustomerPage(
        external_contact_list=tuple(
            CustomerOfMember(
                ExternalContact.read(r.part(row, "external_contact")),
                Follower.read(r.part(row, "follow_info")),
            )
            for row in r.rows(data, "external_contact_list")
        ),
        next_cursor=r.text(data, "next_cursor"),
        unlicensed_userid_list=r.texts(r.part(data, "fail_info"), "unlicensed_userid_list"),
    )
