"""WeCom's error numbers, each with what it means to a caller.

Source: developer.work.weixin.qq.com/document/path/90313 and the pages of the endpoints.
"""

from __future__ import annotations

from wecom_api import errors as e
from wecom_api.endpoints import Idempotency

BUSY = -1
RATE_LIMITED = 45009

# Neither page says for how long; both ask for less pressure rather than for a fixed pause.
CONCURRENCY_PAUSE_SECONDS = 5.0
ABNORMAL_TRAFFIC_PAUSE_SECONDS = 600.0

_CODES: dict[type[e.WeComError], tuple[int, ...]] = {
    e.Throttled: (45009, 45033, 45036),
    e.Conflict: (6000, 45035),
    e.StillDispatching: (41063,),
    e.AnotherAppIsWelcoming: (41096,),
    e.TokenRefused: (40014, 41001, 42001),
    e.SecretRefused: (40001, 40013, 40091, 50003, 301007),
    e.UntrustedAddress: (60020,),
    e.NotPermitted: (48001, 48002, 48004, 48006, 48009, 48011, 60031, 84074, 84083, 84084, 701008),
    e.Misconfigured: (41002, 41004, 42012, 43012, 50001),
    e.AnswerTooBig: (45029, 81017),
    e.OutOfScope: (50002, 60011, 60021, 60030),
    e.UnknownMember: (40003, 46004, 60111),
    e.UnknownDepartment: (60003, 60123),
    e.UnknownCustomer: (40096,),
    e.NotAFollower: (84061,),
    e.SignInExpired: (40029, 42003, 42022, 84014, 84015, 92000, 92001),
    e.InvalidMedia: (40007, 40145),
    e.MediaRefused: (40004, 40005, 40006, 40009, 44001, 45001, 830002),
    e.DefectOfOurs: (
        *(40008, 40035, 40056, 40058, 40063, 40093, 40130, 40131, 40206),
        *(41049, 44004, 45002, 91040, 301002),
    ),
    e.MemberUnfit: (40097, 40098, 40099, 40143),
    e.TransferRunning: (40100, 40129),
    e.TransferredTooOften: (40128,),
    e.TransferRefused: (90500, 90501, 90507, 90508),
    e.UnknownTag: (40068,),
    e.TagNameTaken: (40071,),
    e.TagRefused: (40072, 41110),
    e.TooManyTags: (40126, 40144),
    e.ContactWayRefused: (*range(41037, 41046), 41054, 41091),
    e.UnknownMessage: (41046, 41047),
    e.NobodyToSendTo: (41048,),
    e.Cancelled: (41093,),
    e.RemindedTooOften: (41094,),
    e.WelcomeTooLate: (41050,),
    e.AlreadyWelcomed: (41051,),
    e.ConsentMissing: (41053,),
    e.MomentRefused: (41059, 41060, 41061, 41062, 41067, 41078, 41079, 41210, 41211),
    e.AttachmentRefused: (41064, 41065, 41072, 41080, 41081, 41082, 41088, 41089, 41090),
    e.SensitiveWordRuleRefused: (41068, 41069, 41070, 41071, 41076, 41077, 41083, 41084),
    e.ContentForbidden: (40201, 40204, 85002),
    e.CardRefused: (*range(42014, 42022), *range(42023, 42052), 60140),
    e.RecallTooLate: (42052,),
    e.AllRecipientsInvalid: (81013,),
    e.RecipientsRefused: (82001, 82002, 82003, 82004),
    e.CustomerServiceRefused: tuple(range(95000, 95034)),
    e.Rejected: (41095, 41201),
}

MEANING: dict[int, type[e.WeComError]] = {
    code: meaning for meaning, codes in _CODES.items() for code in codes
}


def error_for(api: str, errcode: int, errmsg: str, *, idempotency: Idempotency) -> e.WeComError:
    """The error a caller sees for WeCom's number.

    -1 and numbers we do not know do not say whether anything happened: `Unanswered`, unless the
    call is safe (then `Busy`, and `Rejected` so that nobody repeats what we do not understand).
    """
    safe = idempotency is Idempotency.SAFE
    if errcode == BUSY:
        return (e.Busy if safe else e.Unanswered)(api, errcode, errmsg)
    if errcode not in MEANING:
        return (e.Rejected if safe else e.Unanswered)(api, errcode, errmsg)
    if errcode == 45033:
        return e.Throttled(api, errcode, errmsg, CONCURRENCY_PAUSE_SECONDS)
    if errcode == 45036:
        return e.Throttled(api, errcode, errmsg, ABNORMAL_TRAFFIC_PAUSE_SECONDS)
    return MEANING[errcode](api, errcode, errmsg)
