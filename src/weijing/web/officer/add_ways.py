"""How somebody became a contact: WeCom's `add_way`, in the words of the phone pages.

Source: developer.work.weixin.qq.com/document/path/92114, "add_way".
"""

ADD_WAYS = {
    1: "扫二维码添加",
    2: "搜索手机号添加",
    3: "名片分享添加",
    4: "群聊添加",
    5: "手机通讯录添加",
    6: "微信联系人添加",
    8: "服务人员自动添加",
    9: "搜索邮箱添加",
    10: "视频号添加",
    201: "同事共享",
    202: "管理员分配",
}
