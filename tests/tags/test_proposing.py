"""A tag of the county's own: proposed by one person, confirmed by another."""

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connections, transaction

from tests.builders import make_county, make_officer, make_tag
from tests.tags.catalogue_people import Catalogue
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags import assigning, loading, queries
from weijing.tags.catalogue import deciding, proposing, renaming
from weijing.tags.catalogue.naming import NameTaken
from weijing.tags.catalogue.wording import ForbiddenTopic, NotAWording
from weijing.tags.models import Tag, TagChange, TagGroup, TagProposal
from weijing.territory.models import County


def test_a_confirmed_tag_has_a_number_above_those_of_the_software(catalogue: Catalogue) -> None:
    proposal = catalogue.propose()
    assert not Tag.objects.filter(name="冷链货车").exists(), (
        "nothing to choose before it is confirmed"
    )
    tag = catalogue.confirm(proposal)
    assert (tag.code, tag.is_own, tag.initials) == ("TRF01901", True, "llhc")
    assert tag.meaning == "本人驾驶冷链货车"
    assert tag in queries.offered_to_officers(catalogue.county.pk)
    assert TagChange.objects.get(tag=tag).kind == "added"
    assert catalogue.confirm(catalogue.propose("渣土自卸车")).code == "TRF01902"
    assert AuditEntry.objects.filter(action="tag.confirmed").count() == 2


def test_the_next_catalogue_of_the_software_leaves_the_countys_own_alone(
    county: County, catalogue: Catalogue
) -> None:
    tag = catalogue.confirm(catalogue.propose())
    Tag.objects.filter(pk__in=[catalogue.truck.pk, catalogue.bus.pk]).delete()
    loading.load(county)
    tag.refresh_from_db()
    assert (tag.name, tag.definition, Tag.objects.count()) == ("冷链货车", "本人驾驶冷链货车", 963)


def test_nobody_confirms_what_they_proposed(catalogue: Catalogue) -> None:
    proposal = catalogue.propose(by=catalogue.keeper)
    with pytest.raises(PermissionDenied):
        catalogue.confirm(proposal)
    proposal.state, proposal.decided_by, proposal.tag = "confirmed", catalogue.keeper, catalogue.bus
    with pytest.raises(IntegrityError), transaction.atomic():
        proposal.save()


def test_the_county_desk_decides_and_who_runs_the_machine_does_not(catalogue: Catalogue) -> None:
    proposal = catalogue.propose()
    station = make_officer(
        catalogue.county, "chief", Role.STATION_COMMAND, station=catalogue.officer.station
    )
    admin = make_officer(catalogue.county, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    for somebody in (station, admin, catalogue.officer):
        with pytest.raises(PermissionDenied):
            catalogue.confirm(proposal, by=somebody)
    with pytest.raises(PermissionDenied):
        catalogue.propose("别的", by=admin)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"name": "回族货车司机"}, ForbiddenTopic),
        ({"definition": "本人是上访户"}, ForbiddenTopic),
        ({"purpose": "稳控"}, ForbiddenTopic),
        ({"name": " "}, NotAWording),
        ({"name": "货" * 31}, NotAWording),
        ({"name": "重型货车"}, NameTaken),
        ({"retention_days": 29}, proposing.NoSuchTime),
        ({"retention_days": 1096}, proposing.NoSuchTime),
    ],
)
def test_what_cannot_be_a_tag_is_refused_with_a_reason(
    catalogue: Catalogue, given: dict[str, object], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        catalogue.propose(**given)  # type: ignore[arg-type]
    assert not TagProposal.objects.exists()


def test_the_groups_rules_hold_for_the_countys_own_tags_too(catalogue: Catalogue) -> None:
    frail = make_tag(catalogue.county, "GRD02001", "独居老人", needs_separate_consent=True).group
    proposal = proposing.propose(
        frail, name="需送餐", definition="本人申请送餐", purpose="安排送餐", retention_days=90,
        by=catalogue.officer, scope=catalogue.scope(catalogue.officer), at=catalogue.at,
    )  # fmt: skip
    assert catalogue.confirm(proposal).sensitive


def test_the_system_alone_says_how_a_contact_stands(catalogue: Catalogue) -> None:
    system = make_tag(catalogue.county, "SOC14001", "待核实手机号").group
    catalogue.truck.group = system
    with pytest.raises(proposing.NotOurs):
        catalogue.propose()


def test_a_name_waits_only_once_and_may_come_again_after_an_answer(catalogue: Catalogue) -> None:
    first = catalogue.propose()
    with pytest.raises(proposing.ProposedAlready):
        catalogue.propose()
    with pytest.raises(deciding.AnswerMissing):
        deciding.decline(first, answer=" ", **catalogue.keeping)  # type: ignore[arg-type]
    deciding.decline(first, answer="请用重型货车", **catalogue.keeping)  # type: ignore[arg-type]
    for late in (
        catalogue.confirm,
        lambda one: proposing.withdraw(one, by=catalogue.officer, at=catalogue.at),
    ):
        with pytest.raises(proposing.DecidedAlready):
            late(first)
    again = catalogue.propose()
    proposing.withdraw(again, by=catalogue.officer, at=catalogue.at)
    assert TagProposal.objects.filter(state="open").count() == 0


def test_only_its_author_takes_a_proposal_back(catalogue: Catalogue) -> None:
    proposal = catalogue.propose()
    with pytest.raises(PermissionDenied):
        proposing.withdraw(proposal, by=catalogue.keeper, at=catalogue.at)


def test_a_name_that_was_taken_since_is_not_confirmed(catalogue: Catalogue) -> None:
    proposal = catalogue.propose()
    make_tag(catalogue.county, "TRF01003", "冷链货车")
    with pytest.raises(NameTaken):
        catalogue.confirm(proposal)


def test_a_group_has_room_for_99_tags_of_ones_own(catalogue: Catalogue) -> None:
    make_tag(catalogue.county, "TRF01999", "最后一个")
    with pytest.raises(deciding.CatalogueFull):
        catalogue.confirm(catalogue.propose())


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_does(
    catalogue: Catalogue, at_once: Callable[..., list[object]]
) -> None:
    proposal = catalogue.propose()
    other = make_officer(catalogue.county, "other", Role.CAMPAIGN_APPROVER, county_desk=True)
    outcomes = at_once(
        lambda: catalogue.confirm(proposal), lambda: catalogue.confirm(proposal, by=other)
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["DecidedAlready", "Tag"]
    assert Tag.objects.filter(name="冷链货车").count() == 1


def test_another_countys_group_is_not_ours(catalogue: Catalogue) -> None:
    foreign = make_tag(make_county("431302"), "TRF01001", "重型货车").group
    assert isinstance(foreign, TagGroup)
    catalogue.truck.group = foreign
    with pytest.raises(PermissionDenied):
        catalogue.propose()


@pytest.mark.parametrize(
    ("proposed", "decided", "needs"),
    [(True, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
def test_a_tag_of_ones_own_may_need_a_consent_though_its_group_does_not(
    catalogue: Catalogue, proposed: bool, decided: bool | None, needs: bool
) -> None:
    proposal = catalogue.propose(needs_consent=proposed)
    tag = deciding.confirm(
        proposal, by=catalogue.keeper, scope=catalogue.scope(catalogue.keeper), at=catalogue.at,
        needs_consent=decided,
    )  # fmt: skip
    proposal.refresh_from_db()
    assert (tag.sensitive, proposal.needs_consent) == (needs, needs)
    person = catalogue.person(consents=["contact"])
    if needs:
        with pytest.raises(assigning.ConsentMissing):
            assigning.assign(person, [tag], source="visit", by=catalogue.officer, at=catalogue.at)
    else:
        assigning.assign(person, [tag], source="visit", by=catalogue.officer, at=catalogue.at)


def test_where_the_group_asks_for_consent_nobody_decides_otherwise(catalogue: Catalogue) -> None:
    TagGroup.objects.filter(pk=catalogue.truck.group_id).update(needs_separate_consent=True)
    catalogue.truck.group.refresh_from_db()
    proposal = catalogue.propose(needs_consent=False)
    assert proposal.needs_consent
    tag = deciding.confirm(
        proposal, by=catalogue.keeper, scope=catalogue.scope(catalogue.keeper), at=catalogue.at,
        needs_consent=False,
    )  # fmt: skip
    assert tag.sensitive


@pytest.mark.parametrize("name", ["冷链,冻品", "冷链，冻品", "货车（大型", "货车)大型("])
def test_a_name_that_could_not_stand_among_others_is_refused(
    catalogue: Catalogue, name: str
) -> None:
    with pytest.raises(NotAWording, match="逗号"):
        catalogue.propose(name)


def test_a_name_with_brackets_of_another_width_is_the_same_name(catalogue: Catalogue) -> None:
    catalogue.confirm(catalogue.propose("冷链货车（大型）"))
    with pytest.raises(NameTaken):
        catalogue.propose("冷链货车(大型)")


@pytest.mark.django_db(transaction=True)
def test_of_a_new_tag_and_a_renamed_one_that_want_a_name_at_once_one_gets_it(
    catalogue: Catalogue,
) -> None:
    proposal = catalogue.propose()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(what: str) -> None:
        start.wait()
        try:
            if what == "rename":
                renaming.rename(catalogue.bus, "冷链货车", **catalogue.keeping)  # type: ignore[arg-type]
            else:
                catalogue.confirm(proposal)
            outcomes.append("got it")
        except NameTaken:
            outcomes.append("taken")
        connections.close_all()

    threads = [threading.Thread(target=run, args=(what,)) for what in ("rename", "confirm")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["got it", "taken"]


@pytest.mark.django_db(transaction=True)
def test_a_rename_waits_for_whoever_takes_the_name(catalogue: Catalogue) -> None:
    refused: list[NameTaken] = []

    def run() -> None:
        try:
            renaming.rename(catalogue.bus, "冷链货车", **catalogue.keeping)  # type: ignore[arg-type]
        except NameTaken as taken:
            refused.append(taken)
        connections.close_all()

    with transaction.atomic():
        catalogue.confirm(catalogue.propose())
        other = threading.Thread(target=run)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
    other.join()
    assert refused
