"""Why there is no code yet, in words, and who can do something about it."""

from weijing.residents.models import ContactWay

NOBODY, NO_PICTURE = "nobody", "picture"
NOT_ACTIVATED = "有民辅警还没激活企业微信，激活后会自动再要。"
NOT_VERIFIED = "有民辅警还没在企业微信实名认证，认证后会自动再要。"
BLOCKED = "有民辅警的企业微信账号被限制，请系统管理员处理。"
TOO_MANY = "一个码后面最多 100 人，请减少这个网格的代班民辅警。"
FULL = "本单位的二维码已达企业微信上限，请系统管理员清理不用的。"
NO_RIGHT = "应用没有「客户联系」权限，或有民辅警没开通，系统管理员开通后会自动再要。"
OUT_OF_SIGHT = "有民辅警不在应用的可见范围，请系统管理员加上。"

# By WeCom's errcode; developer.work.weixin.qq.com/document/path/90313
WORDS = {
    NOBODY: "现在没有群众可以添加的民辅警，有人负责后会自动再要。",
    NO_PICTURE: "码已生成，图片还没取到，会自动再取。",
    "41054": NOT_ACTIVATED,
    "40098": NOT_VERIFIED,
    **dict.fromkeys(("40097", "40143"), BLOCKED),
    "41041": TOO_MANY,
    "41045": FULL,
    **dict.fromkeys(("48001", "48002", "48004", "60031", "84074", "84083", "84084"), NO_RIGHT),
    **dict.fromkeys(("50002", "60011", "60021", "60030", "60111", "40003"), OUT_OF_SIGHT),
}
STILL_LEADS = "这个网格现在没有群众可以添加的民辅警，码还指向原来的人。"
CURED_BY_TIME = frozenset(WORDS) - {"41041"}  # asked again every night


def words(way: ContactWay) -> str:
    """ "" when nothing is wrong; the number only where nothing better is known."""
    code = way.refused_because
    if not code:
        return ""
    if code == NOBODY and way.config_id and way.officer_id is None:
        return STILL_LEADS
    return WORDS.get(code, f"企业微信没有给出二维码，请系统管理员查看（编号 E-{code}）。")
