"""Who is at the other end of a browser (docs 91335, 91023, 95833, 98151)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import InvalidRequest
from wecom_api.reading import Json, Unreadable

_AREA = Capability.SIGN_IN
# A code works once: after a lost answer the person signs in again.
GETUSERINFO = Endpoint("GET", "auth/getuserinfo", _AREA, Idempotency.UNIQUE)
GETUSERDETAIL = Endpoint("POST", "auth/getuserdetail", _AREA)

AUTHORIZE_URL = "https://open.weixin.qq.com/connect/oauth2/authorize"
QR_URL = "https://login.work.weixin.qq.com/wwlogin/sso/login"

BASE, PRIVATE_INFO = "snsapi_base", "snsapi_privateinfo"
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A member (`userid`), or somebody else (`openid`, and `external_userid` for a customer).

    WeCom also names members outside the app's scope: check them yourself. `user_ticket` comes
    only with `snsapi_privateinfo`.
    """

    userid: str = ""
    user_ticket: str = ""
    openid: str = ""
    external_userid: str = ""

    @staticmethod
    def read(data: Json) -> Visitor:
        # The older path, which the private edition still needs, has capital letters.
        visitor = Visitor(
            userid=r.text(data, "userid") or r.text(data, "UserId"),
            user_ticket=r.text(data, "user_ticket"),
            openid=r.text(data, "openid") or r.text(data, "OpenId"),
            external_userid=r.text(data, "external_userid"),
        )
        if not visitor.userid and not visitor.openid:
            raise Unreadable("neither userid nor openid")
        return visitor


@dataclass(frozen=True, slots=True)
class MemberDetail:
    """As far as the member agreed; the rest is empty."""

    userid: str
    mobile: str = ""
    email: str = ""
    biz_mail: str = ""
    gender: int = 0
    avatar: str = ""
    qr_code: str = ""
    address: str = ""

    @staticmethod
    def read(data: Json) -> MemberDetail:
        return MemberDetail(
            userid=r.needed(data, "userid"),
            mobile=r.text(data, "mobile"),
            email=r.text(data, "email"),
            biz_mail=r.text(data, "biz_mail"),
            gender=r.number(data, "gender"),
            avatar=r.text(data, "avatar"),
            qr_code=r.text(data, "qr_code"),
            address=r.text(data, "address"),
        )


class SignIn:
    def __init__(
        self,
        caller: Caller,
        *,
        corpid: str,
        agentid: int,
        authorize_url: str = AUTHORIZE_URL,
        qr_url: str = QR_URL,
    ) -> None:
        self._caller = caller
        self._corpid = corpid
        self._agentid = agentid
        self._authorize_url = authorize_url
        self._qr_url = qr_url

    def authorize_url(self, redirect_uri: str, *, state: str, scope: str = BASE) -> str:
        """Where a page inside WeCom sends its visitor. `state`: letters and digits, up to 128."""
        if scope not in {BASE, PRIVATE_INFO}:
            raise InvalidRequest(errmsg=f"scope is {BASE} or {PRIVATE_INFO}")
        query = {
            "appid": self._corpid,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": scope,
            "state": _checked(state),
            "agentid": str(self._agentid),
        }
        return f"{self._authorize_url}?{urlencode(query)}#wechat_redirect"

    def qr_url(self, redirect_uri: str, *, state: str, lang: str = "zh") -> str:
        """Where a desk browser goes to be signed in by scanning."""
        query = {
            "login_type": "CorpApp",
            "appid": self._corpid,
            "agentid": str(self._agentid),
            "redirect_uri": redirect_uri,
            "state": _checked(state),
            "lang": lang,
        }
        return f"{self._qr_url}?{urlencode(query)}"

    def getuserinfo(self, code: str) -> Visitor:
        """Raises `SignInExpired` (used, older than five minutes, unknown), `Unanswered`."""
        checking.present("code", code)
        checking.at_most_bytes("code", code, 512)
        return self._caller.call(GETUSERINFO, Visitor.read, query={"code": code})

    def getuserdetail(self, user_ticket: str) -> MemberDetail:
        """Raises `SignInExpired` after half an hour."""
        checking.present("user_ticket", user_ticket)
        return self._caller.call(
            GETUSERDETAIL, MemberDetail.read, body={"user_ticket": user_ticket}
        )


def _checked(state: str) -> str:
    if not _STATE.fullmatch(state):
        raise InvalidRequest(errmsg="state is up to 128 letters and digits")
    return state
