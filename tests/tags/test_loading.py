"""The catalogue: 962 tags, their rules as data, loaded once or often."""

import pytest
from django.db.models import Count

from tests.builders import division, give_tag, make_county, make_resident
from weijing.tags import loading, queries
from weijing.tags.models import Tag, TagAssignment, TagCategory, TagGroup
from weijing.tags.projecting import is_projected
from weijing.territory.models import County


def test_the_whole_catalogue_is_loaded(county: County) -> None:
    loaded = loading.load(county)
    assert (loaded.categories, loaded.groups, loaded.tags) == (7, 63, 962)
    assert TagCategory.objects.count() == 7
    assert Tag.objects.filter(sensitive=True).count() == 118
    per_category = Tag.objects.values("group__category__code").annotate(n=Count("id"))
    assert {row["group__category__code"]: row["n"] for row in per_category} == {
        "SOC": 190, "GRD": 96, "PRM": 190, "TRF": 200, "PRK": 96, "SVC": 90, "SAF": 100,
    }  # fmt: skip


def test_loading_again_keeps_ids_assignments_and_wecom_ids(county: County) -> None:
    loading.load(county)
    tag = Tag.objects.get(name="重型货车")
    Tag.objects.filter(pk=tag.pk).update(wecom_tag_id="et1", name="旧名", purpose="旧的")
    give_tag(make_resident(division(county)), tag)

    loading.load(county)

    again = Tag.objects.get(code=tag.code)
    assert (again.pk, again.name, again.purpose) == (tag.pk, "重型货车", tag.purpose)
    assert again.wecom_tag_id == "et1"
    assert TagAssignment.objects.get().tag == again
    assert Tag.objects.count() == 962


def test_every_county_has_its_own(county: County) -> None:
    loading.load(county)
    loading.load(make_county("431302"))
    assert Tag.objects.filter(county=county).count() == 962
    assert Tag.objects.count() == 2 * 962


def test_violence_at_home_is_never_an_audience_and_nothing_sensitive_is_shown_in_wecom(
    county: County,
) -> None:
    loading.load(county)
    assert TagGroup.objects.get(code="GRD04").audience == "never"
    sensitive_groups = TagGroup.objects.filter(code__startswith="GRD")
    assert all(group.needs_separate_consent for group in sensitive_groups)
    tags = Tag.objects.select_related("group")
    assert not any(is_projected(tag) for tag in tags if tag.sensitive)
    shown = [tag for tag in tags if is_projected(tag)]
    assert len(shown) > 800


def test_tags_are_found_by_name_pinyin_and_initials(county: County) -> None:
    loading.load(county)
    for typed in ("重型货", "zhongxinghuo", "ZXHC", " zxhc "):
        assert "重型货车" in [tag.name for tag in queries.search(typed, county_id=county.pk)]
    assert not queries.search("%", county_id=county.pk).exists()
    assert not queries.settable_by_officers(county.pk).filter(sensitive=True).exists()


def test_every_tag_says_what_it_means_who_sets_it_and_who_answers_for_it(county: County) -> None:
    loading.load(county)
    truck = Tag.objects.select_related("group").get(name="重型货车")
    assert truck.meaning == "本人驾驶或经营这类车辆：重型货车"
    assert (truck.group.owner, truck.is_own) == ("交警大队", False)
    groups = TagGroup.objects.all()
    assert all(group.owner and group.who_sets and "{name}" in group.definition for group in groups)


def test_a_name_the_county_uses_for_a_tag_of_its_own_is_not_taken_away(county: County) -> None:
    loading.load(county)
    Tag.objects.filter(name="重型货车").update(name="大货车")
    own = Tag.objects.get(name="皮卡车")
    Tag.objects.filter(pk=own.pk).update(code="TRF02901", name="重型货车")
    with pytest.raises(loading.BadCatalogue, match="TRF02901 同名"):
        loading.load(county)
    assert Tag.objects.filter(name="大货车").exists(), "nothing was loaded"
