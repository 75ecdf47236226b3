"""What WeCom says when it refuses: numeric errcodes (doc 90313) and a text nobody should parse."""

TEXTS = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid userid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40031: "invalid userid list",
    40056: "invalid agentid",
    40058: "invalid parameter",
    40063: "some parameters are empty",
    40068: "invalid tagid",
    40071: "tag name already exists",
    40091: "invalid secret",
    40096: "invalid external userid",
    40126: "corp tag number exceeds limit",
    40144: "external contact tag number exceeds limit",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "secret missing",
    41037: "invalid contact way parameter",
    41041: "user number of contact way exceeds limit",
    41044: "invalid config_id",
    41045: "contact way number exceeds limit",
    41046: "missing msgid",
    41047: "invalid msgid",
    41048: "no customer to send",
    41049: "welcome_code missing",
    41050: "invalid or expired welcome_code",
    41051: "customer has started chatting with the member",
    41054: "member is not activated",
    41063: "group message is being dispatched, try again later",
    41064: "attachment number exceeds limit",
    41065: "invalid attachment type",
    41072: "media_id of another scene",
    41093: "group message has been cancelled",
    41094: "group message reminded too often",
    41096: "another app is sending the welcome message",
    42001: "access_token expired",
    42003: "code expired",
    42012: "jsapi ticket of another app",
    42022: "code has been used",
    44001: "empty media data",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "api freq out of limit",
    45033: "api concurrent out of limit",
    45035: "concurrent modification of the same object",
    46004: "user not exist",
    48002: "api forbidden",
    48009: "contact sync secret may not read details from a new ip",
    50001: "redirect_uri is not a trusted domain",
    50003: "app is disabled",
    60003: "department not found",
    60011: "no privilege to access or modify the contact, party or agent",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    60123: "invalid party id",
    81013: "user, party and tag are all invalid",
    82001: "no recipient",
    82002: "too many parties",
    82003: "too many tags",
    84014: "user_ticket expired",
    84015: "invalid user_ticket",
    84061: "not an external contact of the member",
    84083: "member without customer contact",
    91040: "invalid ticket type",
}


class Refused(Exception):
    """WeCom refuses the call with `errcode`; nothing was changed."""

    def __init__(self, errcode: int, hint: str = "") -> None:
        super().__init__(errcode, hint)
        self.errcode = errcode
        self.hint = hint

    def text(self) -> str:
        words = TEXTS.get(self.errcode, "simulated error")
        return f"{words}, {self.hint}" if self.hint else words
