"""A resident asks; what happens, happens in order, by those who may, and is told."""

from datetime import date, timedelta

import pytest

from tests.builders import division, give_tag, make_household
from tests.privacy.conftest import People
from weijing.audit.models import AuditEntry
from weijing.core.errors import PermissionDenied
from weijing.privacy import deciding, executing, queries, requesting
from weijing.privacy.deciding import NoReason, NotChecked, NotThisStep
from weijing.privacy.models import RightsRequest
from weijing.privacy.requesting import AlreadyAsked, NothingSaid
from weijing.residents import links, phones
from weijing.residents.models import ConsentRecord, Contact, ResidentChange, ResidentLink
from weijing.residents.record import filling
from weijing.residents.record.homes import Place

Kind, Field, State = RightsRequest.Kind, RightsRequest.Field, RightsRequest.State


def ask(people: People, kind: str = Kind.CORRECT, **fields: str) -> RightsRequest:
    if kind == Kind.CORRECT:
        fields = {"field": "phone", "wanted": "154 0000 0999", **fields}
    return requesting.submit(people.resident, kind, by=None, at=people.at, **fields)  # type: ignore[arg-type]


def checked(people: People, request: RightsRequest) -> RightsRequest:
    deciding.check_identity(
        request, "call", by=people.desk, scope=people.scope(people.desk), at=people.at
    )
    request.refresh_from_db()
    return request


def test_an_answer_is_due_in_15_working_days(people: People) -> None:
    assert ask(people).due_on == date(2026, 12, 15)


def test_what_a_resident_wrote_is_sealed_in_the_database(people: People) -> None:
    request = ask(people, words="号码换了")
    assert request.wanted == "15400000999"
    assert b"15400000999" not in bytes(request.wanted_sealed)
    assert "号码换了".encode() not in bytes(request.words_sealed)


def test_asking_twice_is_one_request(people: People) -> None:
    first = ask(people)
    with pytest.raises(AlreadyAsked) as refused:
        ask(people)
    assert refused.value.request == first
    assert first.number in str(refused.value)
    ask(people, field="name", wanted="罗范例")  # something else is something else


def test_complaints_may_be_many(people: People) -> None:
    ask(people, Kind.COMPLAINT, words="半夜打电话")
    ask(people, Kind.COMPLAINT, words="又打了")
    assert RightsRequest.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "wanted", "wrong"),
    [
        ("phone", "12345", phones.NotAPhone),
        ("name", "罗123", filling.NotAName),
        ("name", "<script>", filling.NotAName),
        ("other", "  ", NothingSaid),
    ],
)
def test_what_cannot_stand_in_the_record_is_not_taken_in(
    people: People, field: str, wanted: str, wrong: type[Exception]
) -> None:
    with pytest.raises(wrong):
        ask(people, field=field, wanted=wanted)
    assert not RightsRequest.objects.exists()


def test_a_phone_is_corrected_once_the_person_is_known(people: People) -> None:
    request = checked(people, ask(people))
    scope = people.scope(people.desk)
    executing.grant_and_execute(request, by=people.desk, scope=scope, at=people.at)
    deciding.answer(request, "电话已改好。", by=people.desk, scope=scope, at=people.at)

    people.resident.refresh_from_db()
    request.refresh_from_db()
    assert people.resident.phone == "15400000999"
    assert people.resident.phone_index in phones.indexes(["15400000999"])
    assert (request.state, request.granted, request.answer) == ("answered", True, "电话已改好。")
    change = ResidentChange.objects.get(resident=people.resident)
    assert (change.before, change.after) == (
        {"电话": "154****0412"},
        {"电话": "154****0999"},
    )
    assert change.source == ResidentChange.Source.RESIDENT


def test_a_name_is_corrected_and_found_by_its_new_sound(people: People) -> None:
    request = checked(people, ask(people, field="name", wanted="罗范例"))
    executing.grant_and_execute(
        request, by=people.officer, scope=people.scope(people.officer), at=people.at
    )
    people.resident.refresh_from_db()
    assert (people.resident.name, people.resident.initials) == ("罗范例", "lfl")


def test_an_address_is_corrected_to_a_place_somebody_chose(people: People) -> None:
    request = checked(people, ask(people, field="address", wanted="搬到2组去了"))
    scope = people.scope(people.desk)
    with pytest.raises(executing.NoPlace):
        executing.grant_and_execute(request, by=people.desk, scope=scope, at=people.at)
    request.refresh_from_db()
    assert request.state == State.IDENTITY_CHECKED  # both or neither

    group = division(people.county, "小沙江镇", "桃李村", "2组")
    make_household(group, "7")
    executing.grant_and_execute(
        request, by=people.desk, scope=scope, at=people.at, place=Place(group, "7号")
    )
    people.resident.refresh_from_db()
    assert people.resident.division == group


def test_nothing_is_done_before_we_know_who_asks(people: People) -> None:
    request, scope = ask(people), people.scope(people.desk)
    with pytest.raises(NotThisStep):
        executing.grant_and_execute(request, by=people.desk, scope=scope, at=people.at)
    with pytest.raises(NotThisStep):
        deciding.refuse(request, "不行", by=people.desk, scope=scope, at=people.at)
    with pytest.raises(NotChecked):
        deciding.check_identity(request, "guess", by=people.desk, scope=scope, at=people.at)
    people.resident.refresh_from_db()
    assert people.resident.phone == "15400000412"


def test_a_refusal_says_why_and_names_the_court(people: People) -> None:
    request, scope = checked(people, ask(people)), people.scope(people.desk)
    with pytest.raises(NoReason):
        deciding.refuse(request, "  ", by=people.desk, scope=scope, at=people.at)
    deciding.refuse(request, "号码登记在别人名下。", by=people.desk, scope=scope, at=people.at)

    request.refresh_from_db()
    assert request.granted is False
    assert request.answer.startswith("号码登记在别人名下。")
    assert "向人民法院起诉" in request.answer
    assert "隆回县公安局" in request.answer


def test_two_who_decide_at_once_decide_once(people: People) -> None:
    request, scope = checked(people, ask(people)), people.scope(people.desk)
    executing.grant_and_execute(request, by=people.desk, scope=scope, at=people.at)
    with pytest.raises(NotThisStep):
        deciding.refuse(
            request, "不行", by=people.officer, scope=people.scope(people.officer), at=people.at
        )


def test_another_station_neither_sees_nor_decides(people: People) -> None:
    request, far = ask(people), people.scope(people.far_desk)
    assert list(queries.waiting_for(far)) == []
    assert list(queries.waiting_for(people.scope(people.desk))) == [request]
    with pytest.raises(PermissionDenied):
        deciding.check_identity(request, "call", by=people.far_desk, scope=far, at=people.at)


def test_deletion_takes_all_that_rests_on_consent_and_says_what_stays(people: People) -> None:
    give_tag(people.resident, people.motorbike)
    links.issue(people.resident, by=None, at=people.at)
    request = checked(people, ask(people, Kind.DELETE))
    later = people.at + timedelta(days=1)
    executing.grant_and_execute(request, by=people.desk, scope=people.scope(people.desk), at=later)

    people.resident.refresh_from_db()
    assert people.resident.phone == ""
    assert people.resident.phone_index is None
    assert people.resident.consents == []
    assert not people.resident.tag_assignments.exists()
    assert Contact.objects.get().description == ""
    assert ResidentLink.objects.filter(ended_at=None).exists()  # the answer is read there
    assert people.resident.name == "罗样例"  # the roll's, by law
    latest = ConsentRecord.objects.filter(resident=people.resident, scope="contact").latest("at")
    assert latest.given is False


def test_each_step_stands_in_the_trail_without_a_word_of_what_was_said(people: People) -> None:
    request = checked(people, ask(people, words="我的秘密"))
    deciding.refuse(request, "依据", by=people.desk, scope=people.scope(people.desk), at=people.at)
    entries = AuditEntry.objects.filter(action__startswith="request.")
    assert [entry.action for entry in entries.order_by("pk")] == [
        "request.received", "request.identity_checked", "request.refused",
    ]  # fmt: skip
    assert not any("秘密" in str(e.details) or "154" in str(e.details) for e in entries)
