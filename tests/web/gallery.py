"""Every component once, with plausible content: what the tests about all components look at."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory

from weijing.core import clock


class Labelling(forms.Form):
    name = forms.CharField(label="真实姓名", error_messages={"required": "请填真实姓名"})
    phone = forms.RegexField(
        r"^\d{11}$", label="电话", error_messages={"invalid": "电话应为 11 位数字"}
    )
    town = forms.ChoiceField(label="乡镇", choices=[("1", "小沙江镇"), ("2", "金石桥镇")])
    note = forms.CharField(label="说明", widget=forms.Textarea, required=False)
    relation = forms.ChoiceField(
        label="与户主关系",
        widget=forms.RadioSelect,
        choices=[("head", "户主"), ("kin", "家人")],
        error_messages={"required": "请选与户主关系"},
    )
    tags = forms.MultipleChoiceField(
        label="标签",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("truck", "重型货车"), ("van", "面包车")],
    )
    told = forms.BooleanField(label="已当面说明用途", error_messages={"required": "请先说明用途"})


COMPONENTS = """
{% card "网格覆盖" note="户覆盖率" id="coverage" %}
  {% slot "actions" %}<a href="?view=table">表</a>{% endslot %}
  {% hexmap townships %}
{% endcard %}
{% card "消息" %}{% bar_chart days "近 30 日每日发送消息数" "条" %}{% endcard %}
{% card "走势" %}{% line_chart rates "近 30 日户覆盖率" %}{% endcard %}
{% sheet "确认群发" "confirm" %}<p>86 人</p>
  {% slot "foot" %}<button>去发</button>{% endslot %}{% endsheet %}
{% drawer "派发补联任务" "assign" %}<p>24 户</p>
  {% slot "foot" %}<button>派发</button>{% endslot %}{% enddrawer %}
{% note "warn" icon="triangle" %}人数从 17,412 变为 17,398。{% endnote %}
{% field_box "门牌" id="door" hint="只写号" error="请填门牌" %}
  <input class="input" id="door" name="door" aria-describedby="door-hint door-error">
{% endfield_box %}
{% filter_bar "" "#rows" 25 "个乡镇" %}
  <input class="input" name="q" aria-label="名称或拼音">{% filter_chip "状态" "未达标" "state" %}
{% endfilter_bar %}
{% data_table "各乡镇" %}<thead><tr>{% sort_th "户数" "households" end=True %}</tr></thead>
  <tbody><tr><td class="end" data-label="户数">12</td></tr></tbody>{% enddata_table %}
{% pager page "户" %}
{% approval_bar "批准" "批准后立即派出。" %}<button>退回</button>{% endapproval_bar %}
{% demo_frame %}<p>演练</p>{% enddemo_frame %}
{% urgent "特高危预警" deadline=soon deadline_label="离到场时限" %}正在通话{% endurgent %}
{% condition_group root=True legend="满足全部" %}{% slot "join" %}满足下列全部条件{% endslot %}
  {% condition hits=118640 remove_name="remove" label="所在网格" %}
    <select class="select" aria-label="字段"><option>所在网格</option></select>
    <div class="chips chips--box">{% chip "小沙江镇" name="drop" value="1" %}</div>
  {% endcondition %}
{% endcondition_group %}
{% message_preview "民警 阳模拟" "阳" %}乡亲您好{% endmessage_preview %}
{% icon "home" %}{% icon "lock" 16 "锁定" %}{% size_switch %}
{% badge "超 12 分" "overdue" %}{% due_badge soon %}{% countdown soon "big" %}
{% star_award "守护" 61 %}
{% stepper steps 2 %}{% timeline course %}
{% stat_tile "群众好友" 753218 "人" note="近 7 日 +1,206" tone="ok" url="/desk/" trend=trend %}
{% sparkline trend %}{% progress_bar 168 213 "确认" "人" %}{% progress_bar 1 2 "确认" bare=True %}
{% bar_list towns "可发送人数，按乡镇" %}{% audience_meter meter %}
{% coverage_strip "桃李村网格" 412 436 today "/o/grid/unlinked/" %}
{% empty_state "没有符合的工单" "清除筛选" "?" %}
{% masked "138****0417" "/o/contacts/1/phone/" "电话" %}
{% chip "面包车" remove_url="?" %}{% tag_box "货运司机" "tag" "2" %}
{% tag_box "监护人" "tag" "3" locked=True %}
<form method="post">{% error_summary form %}
  {% field form.name hint="与身份证一致" %}{% field form.phone %}{% field form.town %}
  {% field form.note optional=True rows=3 %}{% field form.relation look="segments" %}
  {% field form.tags look="tags" %}{% field form.told %}
</form>
"""


def a_request(query: str = "") -> HttpRequest:
    return RequestFactory().get(f"/desk/{query}")


def render(source: str, request: HttpRequest | None = None, **context: Any) -> str:
    """Render a template written in place, with the project's own engine."""
    template = engines["django"].from_string(source)
    return template.render(context, request or a_request())


def content() -> dict[str, Any]:
    now = clock.now()
    return {
        "townships": [
            {"name": "虎形山瑶族乡", "col": 0, "row": 0, "value": 78.4, "url": "/desk/grids/1/"},
            {"name": "小沙江镇", "col": 1, "row": 0, "value": 86.74},
            {"name": "滩头镇", "col": 0, "row": 1, "value": None},
        ],
        "days": [("5/1", 120), ("5/2", 0), ("5/3", None), ("5/4", 340)],
        "rates": [("5/1", 88.2), ("5/2", 88.9), ("5/3", None), ("5/4", 91.6)],
        "towns": [("金石桥镇", 5988), ("小沙江镇", 5204)],
        "course": [
            {"what": "派单", "state": "done", "at": now},
            {"what": "打电话", "note": "占线", "state": "problem", "when": "15:27"},
            {"what": "上门", "state": "now", "when": "进行中"},
            {"what": "回填", "state": "future"},
        ],
        "meter": {
            "matched": 19856,
            "reachable": 17412,
            "households": 15906,
            "officers": 213,
            "computed_at": now,
            "seconds": 0.4,
            "deductions": [("今天已收到群发", 1207), ("已退订宣传", 1111), ("本周条数已满", 126)],
            "towns": [("金石桥镇", 5988)],
            "unlinked": 1038,
            "unlinked_url": "/desk/",
        },
        "steps": ["编辑", "核对", "审批"],
        "trend": [3, 5, 4, 8],
        "soon": now + timedelta(minutes=6),
        "today": clock.today(),
        "page": Paginator(range(1000), 50).get_page(4),
        "form": Labelling({"phone": "12"}),
    }
