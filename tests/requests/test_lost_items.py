"""A thing comes in, finds its other half, is proved and goes back; in order, by those who may."""

from datetime import timedelta

import pytest

from tests.builders import division, make_resident
from tests.requests.conftest import CARD, OTHER_CARD, Town
from weijing.audit.models import AuditEntry
from weijing.core.env import keyring
from weijing.core.errors import PermissionDenied
from weijing.requests import fingerprints
from weijing.requests.lost import ending, handing_over, matching, proving, queries, taking_in
from weijing.requests.lost.opening import NotThisStep, live_match
from weijing.requests.models import LostItem, LostMatch
from weijing.requests.wording import TooPrivate
from weijing.residents import phones

State = LostItem.State


def states(*items: LostItem) -> list[str]:
    for item in items:
        item.refresh_from_db()
    return [item.state for item in items]


def proved(town: Town, match: LostMatch) -> None:
    proving.prove(match, "tail", tail=CARD[-4:], looked=True, **town.acting())


def test_a_card_goes_from_hand_to_hand_and_every_step_is_in_the_trail(town: Town) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    assert states(lost, found) == [State.MATCHED, State.MATCHED]
    proved(town, match)
    assert states(lost, found) == [State.VERIFIED, State.VERIFIED]
    handing_over.hand_over(match, "罗样例", "owner", **town.acting())
    assert states(lost, found) == [State.RETURNED, State.RETURNED]
    ending.close(found, "", **town.acting())
    assert states(lost, found) == [State.CLOSED, State.CLOSED]
    assert {lost.outcome, found.outcome} == {"returned"}
    acts = AuditEntry.objects.filter(object_id=found.pk).order_by("pk")
    assert list(acts.values_list("action", flat=True)) == [
        "lost_item.found", "lost_item.matched", "lost_item.verified", "lost_item.returned",
        "lost_item.closed",
    ]  # fmt: skip
    match.refresh_from_db()
    assert (match.signed, match.receiver, match.returned_by) == ("罗样例", "owner", town.officer)


def test_the_number_of_a_document_is_nowhere_in_the_row(town: Town) -> None:
    item = town.found(place="桥头", marks="背面有划痕")
    opened = [item.place, item.words, item.marks, item.holder, item.reporter, item.phone]
    assert not any(CARD in text or CARD[-4:] in text for text in opened)
    row = LostItem.objects.filter(pk=item.pk).values().get()
    assert not any(CARD[-4:].encode() in bytes(v) for v in row.values() if isinstance(v, bytes))
    assert CARD not in str(row)
    assert not any(CARD[-4:] in str(e.details) for e in AuditEntry.objects.all())


@pytest.mark.parametrize(
    ("kind", "number", "good"),
    [
        ("id_card", CARD, True),
        ("id_card", " 9905 2419 5003 0700 13 ", True),
        ("id_card", "99052419500307001３".replace("３", "３"), True),
        ("id_card", "0013", True),
        ("id_card", "001x", True),
        ("id_card", "990524195003070014", False),
        ("id_card", "990524195013070013", False),
        ("id_card", "12", False),
        ("bank_card", "6222 0000 0000 0000 123", True),
        ("bank_card", "卡", False),
        ("phone", "", True),
    ],
)
def test_a_number_is_whole_and_right_or_its_last_four(
    town: Town, kind: str, number: str, good: bool
) -> None:
    thing = town.thing(kind, number=number, words="旧的")
    if good:
        taking_in.take_in("found", thing, by=town.officer, at=town.at)
    else:
        with pytest.raises(fingerprints.NotAnIdNumber):
            taking_in.take_in("found", thing, by=town.officer, at=town.at)
        assert not LostItem.objects.exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"words": "电话 154 0000 0417"}, TooPrivate),
        ({"words": "罗 样 例的卡"}, TooPrivate),
        ({"words": "四三", "happened_on": "tomorrow"}, taking_in.NotThatDay),
        ({"phone": "123"}, phones.NotAPhone),
        ({"holder": "", "words": " "}, taking_in.NothingToFindItBy),
    ],
)
def test_what_cannot_be_published_or_called_is_refused(
    town: Town, fields: dict[str, object], error: type[Exception]
) -> None:
    if fields.get("happened_on"):
        fields = {**fields, "happened_on": town.thing().happened_on + timedelta(days=1)}
    with pytest.raises(error):
        town.found(**fields)
    assert not LostItem.objects.exists()


@pytest.mark.parametrize("words", ["残疾证，红色封皮", "一盒高血压药", "糖尿病门诊病历"])
def test_a_thing_is_called_by_its_name(town: Town, words: str) -> None:
    assert town.lost("document", holder="罗样例", words=words).words == words


def test_a_wrong_tail_is_counted_and_after_five_the_desk_decides(town: Town) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    for _ in range(proving.MOST_WRONG_TAILS):
        with pytest.raises(proving.WrongTail):
            proving.prove(match, "tail", tail="9999", looked=True, **town.acting())
    with pytest.raises(PermissionDenied):
        proved(town, match)
    found.refresh_from_db()
    assert found.wrong_tails == proving.MOST_WRONG_TAILS
    assert "tail" not in dict(proving.ways(live_match(found), town.scope(town.desk)))
    note = {"note": "看过户口簿"}
    with pytest.raises(PermissionDenied):
        proving.prove(match, "papers", looked=True, **note, **town.acting())
    proving.prove(match, "papers", looked=True, **note, **town.acting(town.desk))
    assert states(found) == [State.VERIFIED]


@pytest.mark.parametrize(
    ("how", "fields", "error"),
    [
        ("tail", {"tail": CARD[-4:], "looked": False}, proving.NotLooked),
        ("tail", {"tail": "", "looked": True}, proving.WrongTail),
        ("marks", {"looked": True, "note": "说对了"}, PermissionDenied),
        ("papers", {"looked": True, "note": "户口簿"}, PermissionDenied),
        ("nonsense", {"looked": True}, PermissionDenied),
    ],
)
def test_digits_and_a_look_prove_a_card_and_nothing_less(
    town: Town, how: str, fields: dict[str, object], error: type[Exception]
) -> None:
    match = matching.match(town.lost(), town.found(), **town.acting())
    with pytest.raises(error):
        proving.prove(match, how, **fields, **town.acting())
    match.refresh_from_db()
    assert match.verified_at is None


def test_nothing_is_proved_before_we_hold_it_and_have_read_its_number(town: Town) -> None:
    lost, found = town.lost(), town.found(held=False, number="")
    match = matching.match(lost, found, **town.acting())
    with pytest.raises(proving.NoTail):
        proved(town, match)
    taking_in.note_number(found, CARD, **town.acting())
    with pytest.raises(proving.NotHeldYet):
        proved(town, match)
    taking_in.hold(found, **town.acting())
    proved(town, match)
    assert states(found) == [State.VERIFIED]


def test_keys_are_proved_by_what_no_notice_says(town: Town) -> None:
    match = matching.match(town.lost("keys"), town.found("keys"), **town.acting())
    with pytest.raises(proving.NothingNoted):
        proving.prove(match, "marks", looked=True, **town.acting())
    proving.prove(match, "marks", looked=True, note="说出红绳", **town.acting())
    match.refresh_from_db()
    assert match.proof_note == "说出红绳"


@pytest.mark.parametrize(
    ("signed", "receiver", "note", "error"),
    [
        ("", "owner", "", handing_over.NotSigned),
        ("罗样例", "", "", handing_over.NotSigned),
        ("王示例", "owner", "", handing_over.AnotherName),
        ("王示例", "family", " ", handing_over.NoRelation),
    ],
)
def test_it_leaves_the_station_against_a_name(
    town: Town, signed: str, receiver: str, note: str, error: type[Exception]
) -> None:
    match = matching.match(town.lost(), town.found(), **town.acting())
    with pytest.raises(NotThisStep):
        handing_over.hand_over(match, "罗样例", "owner", **town.acting())  # not proved yet
    proved(town, match)
    with pytest.raises(error):
        handing_over.hand_over(match, signed, receiver, note=note, **town.acting())
    match.refresh_from_db()
    assert match.returned_at is None
    handing_over.hand_over(match, "罗 样例", "owner", **town.acting())


def test_who_comes_without_having_reported_claims_in_one_step(town: Town) -> None:
    found = town.found()
    match = handing_over.claim(found, "罗样例", "15400000412", **town.acting())
    assert match.reasons[0] == "came"
    assert states(found) == [State.MATCHED]
    assert match.lost.reporter == "罗样例"


def test_a_match_can_be_taken_apart_until_the_thing_is_gone(town: Town) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    proved(town, match)
    matching.part(LostMatch.objects.get(pk=match.pk), **town.acting())
    assert states(lost, found) == [State.REPORTED, State.FOUND]
    again = matching.match(lost, found, **town.acting())
    proved(town, again)
    handing_over.hand_over(again, "罗样例", "owner", **town.acting())
    with pytest.raises(NotThisStep):
        matching.part(LostMatch.objects.get(pk=again.pk), **town.acting())


def test_two_officers_cannot_match_one_thing_twice(town: Town) -> None:
    found, first, second = town.found(), town.lost(), town.lost(number="")
    matching.match(first, found, **town.acting())
    with pytest.raises(NotThisStep):
        matching.match(second, found, **town.acting(town.desk))
    assert LostMatch.objects.count() == 1


def test_an_officer_elsewhere_does_not_see_or_touch_it(town: Town) -> None:
    lost, found = town.lost(), town.found()
    for stranger in (town.neighbour, town.far_desk):
        assert not queries.seen_by(town.scope(stranger)).exists()
        with pytest.raises(PermissionDenied):
            matching.match(lost, found, **town.acting(stranger))
        with pytest.raises(PermissionDenied):
            ending.close(lost, "mistaken", **town.acting(stranger))


def test_the_other_half_is_seen_once_it_is_matched(town: Town) -> None:
    far = division(town.county, "金石桥镇", "红星村")
    found = town.found(division=far, by=town.neighbour)
    lost = town.lost()
    assert lost not in queries.seen_by(town.scope(town.neighbour))
    matching.match(lost, found, **town.acting(town.neighbour))
    assert set(queries.seen_by(town.scope(town.neighbour))) == {lost, found}
    assert set(queries.seen_by(town.scope(town.officer))) == {lost, found}


def test_after_ninety_days_it_leaves_the_list_and_tells_of_nobody(town: Town) -> None:
    lost, found = town.lost(), town.found()
    later = town.at + timedelta(days=90)
    before = town.at + timedelta(days=89)
    assert ending.expire(town.county.pk, at=before) == 0
    assert not queries.public(town.county.pk, on=found.expires_on).exists()  # before any job runs
    assert ending.expire(town.county.pk, at=later) == 2
    assert states(lost, found) == [State.CLOSED, State.CLOSED]
    assert (lost.outcome, found.outcome) == ("not_found", "unclaimed")
    assert ending.forget(town.county.pk, at=later) == 2
    found.refresh_from_db()
    assert (found.holder, found.words, found.holder_index, found.id_index) == ("", "", None, None)
    assert ending.forget(town.county.pk, at=later) == 0


def test_what_is_being_returned_does_not_expire(town: Town) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    assert ending.expire(town.county.pk, at=town.at + timedelta(days=91)) == 0
    proved(town, match)
    handing_over.hand_over(match, "罗样例", "owner", **town.acting())
    assert ending.expire(town.county.pk, at=town.at + timedelta(days=4)) == 2
    kept = town.at + timedelta(days=93)
    assert ending.forget(town.county.pk, at=kept) == 0  # somebody may ask who signed
    assert ending.forget(town.county.pk, at=kept + timedelta(days=2)) == 2
    match.refresh_from_db()
    assert match.signed == ""


def test_a_resident_takes_back_only_their_own(town: Town) -> None:
    mine = town.lost(resident=town.resident)
    neighbour = make_resident(town.place("小沙江镇", "桃李村", "1组"), "王示例")
    with pytest.raises(LostItem.DoesNotExist):
        ending.take_back(mine, by=neighbour, at=town.at)
    ending.take_back(mine, by=town.resident, at=town.at)
    mine.refresh_from_db()
    assert mine.outcome == "recovered"
    with pytest.raises(NotThisStep):
        ending.take_back(mine, by=town.resident, at=town.at)


def test_one_resident_cannot_fill_the_list(town: Town) -> None:
    for _ in range(taking_in.MOST_OPEN):
        town.lost("keys", resident=town.resident)
    with pytest.raises(taking_in.TooManyOpen):
        town.lost("keys", resident=town.resident)


def test_the_owner_of_a_card_is_found_in_the_book(town: Town) -> None:
    town.resident.id_number_index = keyring().blind_index(CARD, purpose="id_number")
    town.resident.save()
    found = town.found()
    assert queries.owner_in_the_book(found, town.scope(town.officer)) == (True, town.resident)
    # Somebody else's grid: that there is an owner, not who.
    assert queries.owner_in_the_book(found, town.scope(town.neighbour)) == (True, None)
    other = town.found(number=OTHER_CARD)
    assert queries.owner_in_the_book(other, town.scope(town.officer)) == (False, None)


def test_who_wrote_it_down_and_who_serves_the_resident_go_on_seeing_it(town: Town) -> None:
    far = division(town.county, "金石桥镇", "红星村")
    told = town.lost(division=far, resident=town.resident)
    written = taking_in.take_in("lost", town.thing(division=far), by=town.officer, at=town.at)
    assert set(queries.seen_by(town.scope(town.officer))) == {told, written}
    ending.close(told, "recovered", **town.acting())


def test_a_stale_tap_does_not_take_what_another_officer_holds(town: Town) -> None:
    found = town.found(held=False)
    taking_in.hold(found, **town.acting(town.desk))
    with pytest.raises(NotThisStep):
        taking_in.hold(found, **town.acting())
    found.refresh_from_db()
    assert found.held_by == town.desk
    assert AuditEntry.objects.filter(action="lost_item.held").count() == 1


@pytest.mark.parametrize("is_proved", [False, True])
def test_what_no_owner_comes_for_parts_and_ends(town: Town, is_proved: bool) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    if is_proved:
        proved(town, match)
    over = town.at + taking_in.KEPT
    assert matching.part_unclaimed(town.county.pk, at=over - timedelta(days=1)) == 0
    assert matching.part_unclaimed(town.county.pk, at=over) == 1
    assert matching.part_unclaimed(town.county.pk, at=over) == 0
    assert ending.expire(town.county.pk, at=over) == 2
    assert states(lost, found) == [State.CLOSED, State.CLOSED]
    assert (lost.outcome, found.outcome) == ("not_found", "unclaimed")
    assert ending.forget(town.county.pk, at=over) == 2
    match.refresh_from_db()
    assert match.undone_at == over
    assert match.undone_by is None


def test_an_owner_who_came_late_has_a_month(town: Town) -> None:
    match = matching.match(town.lost(), town.found(), **town.acting(later=taking_in.KEPT))
    over = town.at + taking_in.KEPT
    assert matching.part_unclaimed(town.county.pk, at=over + timedelta(days=29)) == 0
    assert matching.part_unclaimed(town.county.pk, at=over + timedelta(days=30)) == 1
    match.refresh_from_db()
    assert match.undone_at is not None


def test_what_was_given_back_is_not_parted(town: Town) -> None:
    lost, found = town.lost(), town.found()
    match = matching.match(lost, found, **town.acting())
    proved(town, match)
    handing_over.hand_over(match, "罗样例", "owner", **town.acting())
    assert matching.part_unclaimed(town.county.pk, at=town.at + timedelta(days=400)) == 0
