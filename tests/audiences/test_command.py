"""`weijing tags load` and `weijing audience`, as a person types them."""

from click.testing import CliRunner

from tests.builders import division, give_tag, make_resident
from weijing.audiences.commands import audience
from weijing.tags.commands import tags
from weijing.tags.models import Tag
from weijing.territory.models import County


def test_the_catalogue_is_loaded_and_an_audience_counted(county: County) -> None:
    loaded = CliRunner().invoke(tags, ["load"], catch_exceptions=False)
    assert "962 tags in 63 groups" in loaded.output
    person = make_resident(division(county, "小沙江镇", "桃李村", "1组"), "罗样例")
    give_tag(person, Tag.objects.get(name="重型货车"))

    said = CliRunner().invoke(
        audience, ["标签(重型货车) 除 已联系", "--list"], catch_exceptions=False
    )
    assert "有标签重型货车的群众；不发给已加好友的人。" in said.output
    assert "1 人" in said.output
    assert "小沙江镇" in said.output
    assert "罗**" in said.output
    assert "罗样例" not in said.output

    tree = CliRunner().invoke(audience, ['{"contact": "linked"}'], catch_exceptions=False)
    assert "0 人" in tree.output


def test_what_is_no_expression_is_an_error_in_one_line(county: County) -> None:
    for wrong in ("{", "{" * 50_000, "[" * 9):
        said = CliRunner().invoke(audience, [wrong])
        assert said.exit_code != 0
        assert "人\n" not in said.output
