"""Cards and posters: what they say, that it fits, that a station gets all of its own."""

import io
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest
import segno

from tests.builders import beat_of, make_officer
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.core import env
from weijing.core.errors import PermissionDenied
from weijing.residents.models import ContactWay, PrintOrder
from weijing.residents.printing import card, gathering, ordering, poster
from weijing.residents.printing.drawing import Code, Drawing, Picture, Text
from weijing.residents.printing.measuring import lines, width
from weijing.residents.printing.pdf import pdf
from weijing.residents.printing.saying import NothingToPrint, Saying, saying
from weijing.residents.printing.svg import svg
from weijing.territory.models import County, Station

SVG = "{http://www.w3.org/2000/svg}"


def qr() -> bytes:
    content = io.BytesIO()
    segno.make("https://work.weixin.qq.com/ca/test").save(content, kind="png", scale=4)
    return content.getvalue()


PLAIN = Saying(
    bureau="隆回县公安局",
    station="小沙江派出所",
    grid="桃李村网格",
    village="桃李村",
    names=("阳模拟",),
    rank="辅警",
    picture=qr(),
    kind="image/png",
    check_at="https://weijing.example.gov.cn/r/verify/",
)
SAYINGS = [
    PLAIN,
    replace(PLAIN, check_at="", grid=""),
    replace(
        PLAIN,
        bureau="城步苗族自治县公安局交通警察大队",
        station="虎形山瑶族乡派出所驻崇木凼社区警务室",
        grid="虎形山瑶族乡崇木凼村（003）网格",
        village="崇木凼村",
        names=("阿卜杜热合曼·吐尔孙江", "欧阳模拟", "司马演示", "陈样例"),
        check_at="https://a-very-long-name-of-a-bureau.weijing.example.gov.cn/r/verify/",
    ),
]
LAYOUTS = [card.card, card.sheet, poster.poster]


def texts(drawing: Drawing) -> list[Text]:
    return [item for item in drawing.items if isinstance(item, Text)]


def said(drawing: Drawing) -> str:
    return "".join(text.words for text in texts(drawing))


def box_of(text: Text) -> tuple[float, float, float, float]:
    long = width(text.words, text.size, bold=text.bold)
    left = text.x - {"start": 0, "middle": long / 2, "end": long}[text.align]
    return left, text.y - 0.8 * text.size, left + long, text.y + 0.15 * text.size


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("one", SAYINGS, ids=["plain", "bare", "long"])
def test_nothing_runs_off_the_paper_or_into_anything_else(layout, one) -> None:
    drawing = layout(one)
    boxes = [box_of(text) for text in texts(drawing)]
    squares = [
        (item.x, item.y, item.x + item.side, item.y + item.side)
        for item in drawing.items
        if isinstance(item, Picture | Code)
    ]
    for left, top, right, bottom in [*boxes, *squares]:
        assert 2 <= left < right <= drawing.width - 2
        assert 2 <= top < bottom <= drawing.height - 2
    for a, b in combinations([*boxes, *squares], 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, (a, b)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_everything_that_must_be_said_is(layout) -> None:
    words = said(layout(PLAIN))
    for needed in ("隆回县公安局", "小沙江派出所", "阳模拟", "110", "是真民警吗", "只用来联系您"):
        assert needed in words, needed


def test_on_a_poster_110_stands_before_the_code_and_what_it_is_for() -> None:
    drawing = poster.poster(PLAIN)
    (picture,) = [item for item in drawing.items if isinstance(item, Picture)]
    emergency = next(text for text in texts(drawing) if text.words == "110")
    assert emergency.y < picture.y
    assert picture.side >= 80


def test_a_card_has_the_size_of_a_card_and_ten_fit_on_a_sheet() -> None:
    one, sheet = card.card(PLAIN), card.sheet(PLAIN)
    assert (one.width, one.height) == (90, 54)
    assert (sheet.width, sheet.height) == (210, 297)
    assert len([item for item in sheet.items if isinstance(item, Picture)]) == 10


def test_without_a_public_address_nobody_is_sent_to_a_page() -> None:
    drawing = poster.poster(replace(PLAIN, check_at=""))
    assert "出示证件" in said(drawing)
    assert not [item for item in drawing.items if isinstance(item, Code)]


def test_an_svg_is_complete_in_itself_and_says_what_it_shows() -> None:
    root = ElementTree.fromstring(svg(poster.poster(PLAIN)))
    assert root.get("width") == "210mm"
    assert root.findtext(f"{SVG}title") == "桃李村 加好友海报"
    image = root.find(f"{SVG}image")
    assert image is not None
    assert (image.get("href") or "").startswith("data:image/png;base64,")


def test_a_name_with_marks_of_xml_does_not_break_the_svg() -> None:
    odd = replace(PLAIN, names=('阳<b>&"模拟',), village="<桃李村>")
    root = ElementTree.fromstring(svg(poster.poster(odd)))
    assert any('阳<b>&"模拟' in (text.text or "") for text in root.iter(f"{SVG}text"))


def test_a_sign_that_the_pdf_s_font_lacks_is_named_and_the_svg_has_it() -> None:
    rare = replace(PLAIN, names=("阳𬭩",))
    assert rare.unprintable == ["𬭩"]
    assert "阳𬭩" in svg(card.card(rare))
    assert pdf([card.card(rare)], title="x").startswith(b"%PDF")
    assert PLAIN.unprintable == []


def test_a_pdf_has_a_page_of_the_right_size_for_each_drawing() -> None:
    heard: list[int] = []
    content = pdf([poster.poster(PLAIN), card.card(PLAIN)], title="两页", each=heard.append)
    assert content.count(b"/Type /Page\n") == 2
    assert b"595.2756 841.8898" in content
    assert heard == [1, 2]


def test_the_same_code_on_many_pages_is_kept_once() -> None:
    one, many = (pdf([card.sheet(PLAIN)] * n, title="x") for n in (1, 30))
    assert len(many) < len(one) + 30 * 12_000


def test_lines_break_neither_before_a_comma_nor_inside_an_address() -> None:
    found = lines("到 weijing.example.gov.cn/r/verify/ 核对，真的。", 2, 20)
    assert all(not line.startswith(("，", "。")) for line in found)
    assert any("weijing.example.gov.cn/r/verify/" in line for line in found)


# --- a whole station -----------------------------------------------------------------------------


class Ward:
    """小沙江派出所: 桃李村 with a code, 红星村 without; p1 with a code, p2 without."""

    def __init__(self, county: County, at: datetime) -> None:
        self.county, self.at = county, at
        self.beat = beat_of(county, "小沙江镇", "桃李村")
        self.station: Station = self.beat.station
        self.chief = make_officer(county, "chief", Role.STATION_COMMAND, station=self.station)
        self.p1 = make_officer(county, "p1", Role.VILLAGE_AUXILIARY, beat=self.beat)
        make_officer(
            county, "p2", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
        )
        self.way(beat=self.beat)
        self.way(beat=self.beat, officer=self.p1)

    def way(self, **whose: object) -> ContactWay:
        return ContactWay.objects.create(
            county=self.county, state=f"w{ContactWay.objects.count()}", picture=qr(),
            config_id="c", created_at=self.at, **whose,
        )  # fmt: skip

    def order(self, kind: str = "posters") -> PrintOrder:
        scope = scope_of(self.chief, at=self.at)
        return ordering.order(self.station, kind, by=self.chief, scope=scope, at=self.at)

    def drawn(self, kind: str = "posters") -> PrintOrder:
        one = self.order(kind)
        ordering.draw(self.county.pk, one.pk, at=self.at)
        one.refresh_from_db()
        return one


@pytest.fixture
def ward(county: County, at: datetime) -> Ward:
    return Ward(county, at)


def test_a_station_gets_a_poster_for_each_village_with_a_code(ward: Ward) -> None:
    found, without = gathering.posters(ward.station, at=ward.at)
    assert [(one.village, one.names) for one in found] == [("桃李村", ("阳p1",))]
    assert without == 1

    one = ward.drawn()
    assert (one.state, one.done, one.total, one.skipped) == ("done", 1, 1, 1)
    assert ordering.content_of(one).count(b"/Type /Page\n") == 1


def test_a_station_gets_a_sheet_of_cards_for_each_officer_with_a_code(ward: Ward) -> None:
    one = ward.drawn("cards")
    assert (one.state, one.total, one.skipped) == ("done", 1, 1)


def test_an_order_under_way_is_not_doubled(ward: Ward) -> None:
    assert ward.order().pk == ward.order().pk
    assert ward.order("cards").pk != ward.order().pk


def test_an_order_whose_worker_was_killed_is_drawn_by_another(ward: Ward) -> None:
    one = ward.order()
    PrintOrder.objects.update(state="running", done=7)
    ordering.draw(ward.county.pk, one.pk, at=ward.at)
    one.refresh_from_db()
    assert (one.state, one.done) == ("done", 1)


def test_an_order_without_any_code_says_so(ward: Ward) -> None:
    ContactWay.objects.update(picture=None)
    one = ward.drawn()
    assert (one.state, one.skipped) == ("failed", 2)
    with pytest.raises(NothingToPrint):
        ordering.content_of(one)


def test_another_station_orders_nothing_here(ward: Ward) -> None:
    far = make_officer(
        ward.county, "far", Role.STATION_COMMAND,
        station=beat_of(ward.county, "金石桥镇", "桃李村").station,
    )  # fmt: skip
    with pytest.raises(PermissionDenied):
        ordering.order(ward.station, "posters", by=far, scope=scope_of(far, at=ward.at), at=ward.at)


def test_prints_are_gone_after_a_week(ward: Ward) -> None:
    ward.drawn()
    assert ordering.forget_old(ward.county.pk, at=ward.at + timedelta(days=6)) == 0
    assert ordering.forget_old(ward.county.pk, at=ward.at + timedelta(days=8)) == 1


def test_a_code_without_its_picture_is_not_printed(ward: Ward) -> None:
    way = ContactWay.objects.create(
        county=ward.county, state="wNONE", created_at=ward.at, refused_because="41054"
    )
    with pytest.raises(NothingToPrint, match="还没激活"):
        saying(way, ward.county, [ward.p1])


def test_the_page_that_checks_an_officer_is_the_public_one(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env.environment(), "public_url", "https://weijing.example.gov.cn")
    found, _ = gathering.posters(ward.station, at=ward.at)
    assert found[0].check_at == "https://weijing.example.gov.cn/r/verify/"


def test_an_order_that_nobody_will_draw_does_not_hold_up_the_next(ward: Ward) -> None:
    broken = ward.order()
    PrintOrder.objects.filter(pk=broken.pk).update(
        state="running", ordered_at=ward.at - timedelta(hours=2)
    )
    assert ward.order().pk != broken.pk
    broken.refresh_from_db()
    assert broken.state == "failed"
