"""What an entry says, for people: whose act on what, in Chinese."""

from weijing.audit.models import AuditEntry

# The first half of an action: on what.
THINGS = {
    "absence": "不在岗", "attachment": "附件", "audience": "受众", "audit": "审计",
    "bulk": "批量任务", "campaign": "群发", "campaigns": "群发", "requests": "群众申请",
    "campaign_rules": "群发规定", "consent": "同意登记",
    "contact": "好友", "contacts": "群众名单", "content": "素材", "coverage": "覆盖",
    "database": "数据库", "doctor": "体检", "door": "上门", "duplicates": "重复核对",
    "emergency": "险情", "favourite": "常用", "household": "户", "link": "专页链接",
    "lost_item": "失物", "missing": "走失寻找", "officer": "民辅警", "print": "打印",
    "record": "资料", "remark": "备注", "request": "群众申请", "resident": "群众",
    "restore": "恢复", "road_section": "路段", "roll": "名册", "roll_absence": "名册里没了的人",
    "roll_conflict": "名册不一致", "roll_errors": "名册退回表", "roll_source": "名册来源",
    "share": "群发任务", "sighting": "线索", "sms": "短信", "station": "派出所",
    "stray_task": "多余任务", "tag": "标签", "tags": "标签", "territory": "区划", "view": "筛选",
    "visit": "走访", "walking_list": "走访清单", "way": "加友码", "welcome": "欢迎语",
}  # fmt: skip
# The second half: what was done.
ACTS = {
    "added": "添加", "answered": "答复", "asked": "派出", "assigned": "添加到人",
    "assigned_in_bulk": "批量添加", "back_in_wecom": "回到企业微信", "begun": "开始",
    "call_handed_on": "叫应交给村干部", "called": "打电话", "came_from_wecom": "从企业微信进来",
    "cancelled": "停止", "changed": "修改", "checked": "核对", "closed": "办结",
    "confirmed": "确认", "consents_repaired": "修正同意", "continued": "继续",
    "copy_taken": "取走副本", "corrected_from_wecom": "按企业微信更正", "decided": "决定",
    "decided_again": "重新决定", "declined": "不同意", "deleted": "删除", "described": "改说明",
    "discarded": "丢弃", "doubted_after_restore": "恢复后核对", "downloaded": "下载",
    "drafted": "起草", "duty_account_removed": "取消值班账号", "duty_account_set": "定值班账号",
    "duty_phone_set": "定值班电话", "ended": "结束", "erased": "删除资料", "executed": "执行",
    "expired": "到期", "finished": "完成", "followed_tag": "随标签改",
    "followed_wecom": "随企业微信改", "found": "找到", "given": "登记同意", "given_back": "退回",
    "given_up": "放弃核对", "granted": "授予", "held": "保管",
    "id_number_revealed": "看完整证件号", "identity_checked": "核实身份",
    "import_asked": "要求导入", "imported": "导入", "issued": "发给", "joined": "并户",
    "known": "登记", "labelled": "标注", "lapsed": "过期", "left_wecom": "离开企业微信",
    "let_go": "放行", "made": "做好", "marked": "标记", "matched": "对上", "merged": "合并",
    "moved": "移动", "moved_house": "搬家", "not_found": "没找到", "not_reached": "没联系上",
    "noted": "登记", "notice_expired": "启事到期", "notice_published": "发布启事",
    "notice_renewed": "启事续期", "notice_shown": "看启事", "notice_taken_down": "撤下启事",
    "number_noted": "登记证件号", "officer_chosen_in_bulk": "批量指定民辅警", "opened": "打开",
    "ordered": "下达", "parted": "分户", "paused": "暂停", "phone_revealed": "看完整电话",
    "photo_kept": "采用照片", "photo_turned_down": "不采用照片", "proposal_withdrawn": "撤回建议",
    "proposed": "建议", "publicity_agreed": "家属同意公开", "publicity_withdrawn": "家属撤回公开",
    "published": "发布", "pushed": "推送", "recalled": "收回", "received": "收到",
    "refused": "退回", "rejected": "不采纳", "released": "下发", "remark_refused": "备注被拒",
    "reminded": "提醒", "removed": "移除", "removed_in_bulk": "批量移除", "renamed": "改名",
    "repaired": "修复", "reported": "上报", "restored": "恢复", "results_exported": "导出名单",
    "resumed": "恢复下发", "retired": "停用", "returned": "退回起草人", "reviewed": "审核",
    "role_set": "改户内身份", "roll_followed": "按名册改", "saved": "保存",
    "schedule_cancelled": "取消定时", "schedule_returned": "定时退回", "scheduled": "定时",
    "search_begun": "开始寻找", "searched": "检索", "sighting_decided": "处理线索",
    "sighting_told": "提供线索", "signed_in": "登录", "signed_out": "退出", "split": "拆分",
    "stopped": "停止", "submitted": "提交", "tagged": "加标签", "tail_wrong": "后四位不对",
    "taken_back": "撤回", "taken_charge_of": "接手", "taken_over": "值班账号代发",
    "told_apart": "认定是两个人", "tried": "试发", "undo_ordered": "撤销", "unmarked": "取消标记",
    "update_due": "该更新了", "uploaded": "上传", "used": "使用", "verified": "核实",
    "version_begun": "起草新版", "viewed": "查看", "visit_corrected": "更正走访",
    "visited": "走访", "visits_ordered": "派走访", "wanted": "要求", "way_gone": "加友码失效",
    "way_made_twice": "加友码重复", "way_refused": "加友码被拒", "withdrawn": "撤回",
    "deselected": "取消勾选", "selected_again": "重新勾选", "accepted": "采纳",
    "followed_up": "起草后续", "reminder_skipped": "跳过提醒", "reminders_planned": "定时提醒",
    "dismissed": "不采纳", "shares_stopped": "停下在等的任务",
    "stop_asked": "要求停止", "kept": "保存", "open": "登记", "done": "完成", "waiting": "等候",
    "written": "写", "written_again": "重写",
}  # fmt: skip
KINDS = {
    "residents.resident": "群众", "residents.household": "户", "campaigns.campaign": "群发",
    "accounts.officer": "民辅警",
}  # fmt: skip


def said(action: str) -> str:
    """「群发：下发」; the code itself for a word nobody has written yet."""
    thing, _, act = action.rpartition(".")
    if thing not in THINGS or act not in ACTS:
        return action
    return f"{THINGS[thing]}：{ACTS[act]}"


def object_of(entry: AuditEntry) -> str:
    """What it was done to, by kind and the last digits of its number: never by name."""
    kind = KINDS.get(entry.object_type, "")
    if not kind or entry.object_id is None:
        return ""
    return f"{kind} …{entry.object_id % 1_000_000:06d}"
