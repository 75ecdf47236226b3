"""The trail can be added to and nothing else; what the database's owner does to it is found."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from django.db import connection, transaction

from tests.builders import make_officer
from weijing.accounts.models import Officer, Role
from weijing.audit import checkpoints, sealing, trail, verifying
from weijing.audit.models import AppendOnly, AuditEntry, Seal
from weijing.core import clock
from weijing.core.env import environment
from weijing.sync.doctor import command
from weijing.territory.models import County

TAMPERINGS = 1_000
PURPOSES = ("service", "campaign.results", "search")


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(county, "luo", Role.STATION_COMMAND, county_desk=True)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "elsewhere" / "checkpoints.jsonl"
    monkeypatch.setattr(environment(), "audit_checkpoints", path)
    return path


@pytest.fixture
def written(county: County, officer: Officer, at: datetime, file: Path) -> list[int]:
    """Ids of 120 entries under six seals, and of ten without."""
    random = Random(7)
    for round in range(6):
        for n in range(20):
            moment = at + timedelta(minutes=round, microseconds=random.randrange(10**6))
            if n % 3:
                trail.viewed(officer, "residents.resident", [random.randrange(1, 2**62)],
                             purpose=random.choice(PURPOSES), at=moment)  # fmt: skip
            else:
                trail.record(officer, "campaign.drafted", officer, at=moment, people=n, 名="龙𠮷")
        sealing.seal(county.pk, at=at + timedelta(minutes=round + 1))
        checkpoints.write(county)
    trail.viewed(officer, "residents.resident", list(range(1, 11)), purpose="search", at=at)
    return list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))


def verdict(county: County) -> verifying.Verdict:
    return verifying.verify(county)


def test_what_was_written_is_as_it_was_written(county: County, written: list[int]) -> None:
    found = verdict(county)
    assert found == verifying.Verdict(entries=130, unsealed=10, seals=6, checkpoints=6, wrong=[])


def test_whatever_an_act_says_is_read_back_the_same(
    county: County, officer: Officer, at: datetime, file: Path
) -> None:
    trail.record(
        officer, "odd", officer, at=clock.now(), ids=(1, 2), per={3: None, "a": 1.5}, big=2**60,
        text='引号"\\\u2028', nested=[{"b": 1, "a": [True]}],
    )  # fmt: skip
    trail.record(None, "by.the_clock", officer, at=at.astimezone(clock.COUNTY_TIME))
    assert verdict(county).wrong == []


def test_sealing_again_adds_nothing(county: County, written: list[int], at: datetime) -> None:
    assert sealing.seal(county.pk, at=at) == 10
    assert sealing.seal(county.pk, at=at) == 0
    assert list(Seal.objects.order_by("number").values_list("number", "entries")) == [
        *((n, 20) for n in range(1, 7)), (7, 10),
    ]  # fmt: skip


def test_an_entry_that_commits_late_comes_under_the_next_seal(
    county: County, officer: Officer, at: datetime, file: Path
) -> None:
    trail.record(officer, "first", officer, at=at)
    late = AuditEntry(county_id=county.pk, at=at, actor=officer, action="late", object_type="x")
    trail.record(officer, "second", officer, at=at)
    sealing.seal(county.pk, at=at)
    late.save()
    sealing.seal(county.pk, at=at)
    assert AuditEntry.objects.get(pk=late.pk).seal == 2
    assert verdict(county).wrong == []


def test_no_code_of_ours_changes_or_deletes_an_entry(written: list[int]) -> None:
    one = AuditEntry.objects.get(pk=written[0])
    for change in (
        one.save,
        one.delete,
        AuditEntry.objects.filter(pk=one.pk).delete,
        lambda: AuditEntry.objects.update(purpose="other"),
        lambda: AuditEntry.objects.bulk_update([one], ["purpose"]),
    ):
        with pytest.raises(AppendOnly):
            change()


def owner(query: str, *values: object) -> None:
    """Who owns the database asks no code of ours."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)


def edit(random: Random, ids: list[int]) -> None:
    column, value = random.choice(
        [("purpose", "own"), ("action", "nothing"), ("object_id", 5), ("object_type", "a.b"),
         ("details", '{"people": 1000}'), ("at", datetime(2020, 1, 1, tzinfo=clock.COUNTY_TIME)),
         ("actor_id", None)]
    )  # fmt: skip
    owner(f"UPDATE audit_auditentry SET {column} = %s WHERE id = %s", value, random.choice(ids))


def delete(random: Random, ids: list[int]) -> None:
    owner("DELETE FROM audit_auditentry WHERE id = %s", random.choice(ids[:120]))


def insert(random: Random, ids: list[int]) -> None:
    owner(
        "INSERT INTO audit_auditentry (id, county_id, at, actor_id, action, object_type, "
        "object_id, purpose, details, mark, seal) SELECT id + 1 + %s, county_id, at, actor_id, "
        "action, object_type, 77, purpose, details, mark, CASE WHEN %s THEN seal END "
        "FROM audit_auditentry WHERE id = %s",
        random.randrange(1000), random.random() < 0.5, random.choice(ids),
    )  # fmt: skip


def swap(random: Random, ids: list[int]) -> None:
    """Two entries exchange what they say, marks and all."""
    one, other = random.sample(ids, 2)
    owner(
        "UPDATE audit_auditentry a SET at = b.at, actor_id = b.actor_id, action = b.action, "
        "object_type = b.object_type, object_id = b.object_id, purpose = b.purpose, "
        "details = b.details, mark = b.mark FROM audit_auditentry b "
        "WHERE (a.id, b.id) IN ((%s, %s), (%s, %s))",
        one, other, other, one,
    )  # fmt: skip


def move_under_another_seal(random: Random, ids: list[int]) -> None:
    one = random.choice(ids[:120])
    owner("UPDATE audit_auditentry SET seal = 1 + seal %% 6 WHERE id = %s", one)


def unseal(random: Random, ids: list[int]) -> None:
    owner("UPDATE audit_auditentry SET seal = NULL WHERE id = %s", random.choice(ids[:120]))


def cut_the_tail(random: Random, ids: list[int]) -> None:
    first = random.randint(1, 6)
    owner("DELETE FROM audit_auditentry WHERE seal >= %s OR seal IS NULL", first)
    owner("DELETE FROM audit_seal WHERE number >= %s", first)


def cut_the_tail_and_seal_anew(random: Random, ids: list[int]) -> None:
    """Whoever has the key, too, is found by what was kept elsewhere."""
    cut_the_tail(random, ids)
    row = Officer.objects.order_by("pk").first()
    assert row is not None
    trail.record(row, "harmless", row, at=clock.now())
    sealing.seal(row.county_id, at=clock.now())


def drop_a_seal(random: Random, ids: list[int]) -> None:
    owner("DELETE FROM audit_seal WHERE number = %s", random.randint(1, 6))


def forge_a_seal(random: Random, ids: list[int]) -> None:
    owner("UPDATE audit_seal SET digest = %s WHERE number = %s", random.randbytes(32),
          random.randint(1, 6))  # fmt: skip


WAYS = (
    edit, delete, insert, swap, move_under_another_seal, unseal, cut_the_tail,
    cut_the_tail_and_seal_anew, drop_a_seal, forge_a_seal,
)  # fmt: skip


def test_every_one_of_a_thousand_tamperings_is_found(county: County, written: list[int]) -> None:
    random = Random(20261124)
    missed = []
    for n in range(TAMPERINGS):
        way = WAYS[n % len(WAYS)]
        point = transaction.savepoint()
        way(random, written)
        if not verdict(county).wrong:
            missed.append((n, way.__name__))
        transaction.savepoint_rollback(point)
    assert missed == []
    assert verdict(county).wrong == []


def test_the_doctor_says_it_on_the_command_line(county: County, written: list[int]) -> None:
    ran = CliRunner().invoke(command.doctor, ["audit"])
    assert ran.exit_code == 0, ran.output
    assert "130 entries, 10 of them not sealed yet; 6 seals" in ran.output
    delete(Random(1), written)
    ran = CliRunner().invoke(command.doctor, ["audit"])
    assert ran.exit_code == 1
    assert "does not fit its 19 entries" in ran.output and "1 WRONG" in ran.output


def test_a_checkpoint_file_that_cannot_be_read_is_no_clean_bill(
    county: County, written: list[int], file: Path
) -> None:
    file.write_text("{not json}\n")
    ran = CliRunner().invoke(command.doctor, ["audit"])
    assert ran.exit_code == 2 and str(file) in ran.output


def test_a_line_that_a_stopped_machine_left_half_comes_again(
    county: County, written: list[int], file: Path
) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:4]) + lines[4][:20])
    assert verdict(county).wrong == []
    assert checkpoints.write(county) == 2
    assert [line["number"] for line in map(json.loads, file.read_text().splitlines())] == [
        1, 2, 3, 4, 5, 6
    ]  # fmt: skip


def test_each_county_has_its_own_seals(county: County, written: list[int], at: datetime) -> None:
    from tests.builders import make_county

    other = make_county("430525")
    writer = make_officer(other, "elsewhere", county_desk=True)
    trail.record(writer, "campaign.drafted", writer, at=at)
    assert sealing.seal(other.pk, at=at) == 1
    checkpoints.write(other)
    assert verdict(other) == verifying.Verdict(entries=1, seals=1, checkpoints=1)
    assert verdict(county).wrong == []


def test_a_wrong_key_finds_everything_wrong(
    county: County, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from weijing.audit import marking

    other = replace(marking.keyring(), index_key=b"k" * 32)
    monkeypatch.setattr(marking, "keyring", lambda: other)
    assert len(verdict(county).wrong) == 130 + 6
