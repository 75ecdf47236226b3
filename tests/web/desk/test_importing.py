"""A roll from the upload to the decision, on the desk's pages."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from tests.residents.rolls import as_csv, person
from tests.web.desk.conftest import Desk
from weijing.core import clock
from weijing.residents.importing import running
from weijing.residents.models import (
    ImportProfile,
    Resident,
    RollAbsence,
    RollConflict,
    RollFilePart,
    RollImport,
)

pytestmark = pytest.mark.django_db


def upload(client: Client, tmp_path: Path, rows: list[dict[str, str]], **how: Any) -> RollImport:
    content = as_csv(tmp_path / "roll.csv", rows, **how).read_bytes()
    client.post("/desk/imports/new/", {"roll": SimpleUploadedFile("户籍.csv", content)})
    return RollImport.objects.latest("pk")


def form(client: Client, record: RollImport, **changes: str) -> dict[str, str]:
    """The columns page as it stands, sent back with some changes."""
    context = client.get(f"/desk/imports/{record.pk}/columns/").context
    sent = {line.name: line.field for line in context["lines"]}
    return {**sent, "source": context["source"], "whole": "whole", **changes}


def work(record: RollImport) -> RollImport:
    running.run(record.county_id, record.pk, at=clock.now())
    record.refresh_from_db()
    return record


def take_in(client: Client, tmp_path: Path, rows: list[dict[str, str]], **sent: str) -> RollImport:
    record = upload(client, tmp_path, rows)
    client.post(f"/desk/imports/{record.pk}/columns/", form(client, record, **sent))
    assert work(record).state == "checked", record.columns
    client.post(f"/desk/imports/{record.pk}/apply/")
    return work(record)


def test_a_roll_is_uploaded_checked_seen_and_taken_in(desk: Desk, tmp_path: Path) -> None:
    client = desk.client(desk.admin)
    before = Resident.objects.count()
    rows = [person(n) for n in range(1, 4)] + [person(9, 手机号="1")]

    record = upload(client, tmp_path, rows, encoding="gbk")
    page = client.get(f"/desk/imports/{record.pk}/columns/").content.decode()
    assert "154****01" in page
    assert "15400000001" not in page
    assert b"15400000001" not in bytes(RollFilePart.objects.get().data)

    client.post(f"/desk/imports/{record.pk}/columns/", form(client, record))
    assert work(record).state == "checked"
    seen = client.get(f"/desk/imports/{record.pk}/").content.decode()
    assert "新增 3 人" in seen
    assert "手机号应为 11 位" in seen
    assert Resident.objects.count() == before

    client.post(f"/desk/imports/{record.pk}/apply/")
    assert work(record).state == "applied"
    assert Resident.objects.count() == before + 3
    assert not RollFilePart.objects.exists(), "the file is gone once it is taken in"
    assert record.file_key_sealed is None


def test_a_mapping_is_saved_by_name_and_offered_for_the_same_headings(
    desk: Desk, tmp_path: Path
) -> None:
    client = desk.client(desk.admin)
    rows = [{"编码": row.pop("户号"), **row} for row in (person(1), person(2))]

    record = upload(client, tmp_path, rows)
    sent = form(client, record, source="户籍名册")
    refused = client.post(f"/desk/imports/{record.pk}/columns/", sent)
    assert refused.status_code == 422
    assert "还没有指明：户号" in refused.content.decode()

    client.post(f"/desk/imports/{record.pk}/columns/", {**sent, "c0": "household"})
    assert ImportProfile.objects.get().columns["household"] == "编码"
    again = upload(client, tmp_path, rows)
    assert (
        "表头与来源「户籍名册」相同"
        in client.get(f"/desk/imports/{again.pk}/columns/").content.decode()
    )
    assert form(client, again)["c0"] == "household"


def test_a_column_left_out_by_hand_is_not_guessed_again(desk: Desk, tmp_path: Path) -> None:
    client = desk.client(desk.admin)
    record = upload(client, tmp_path, [person(1)])
    sent = form(client, record)
    phone = next(name for name, field in sent.items() if field == "phone")
    client.post(f"/desk/imports/{record.pk}/columns/", {**sent, phone: ""})
    work(record)
    client.post(f"/desk/imports/{record.pk}/apply/")
    work(record)
    assert Resident.objects.get(name="阳小明").phone == ""


def test_what_waits_is_stopped_at_once_and_can_be_checked_again(desk: Desk, tmp_path: Path) -> None:
    client = desk.client(desk.admin)
    record = upload(client, tmp_path, [person(1)])
    client.post(f"/desk/imports/{record.pk}/columns/", form(client, record))
    assert "every 2s" in client.get(f"/desk/imports/{record.pk}/").content.decode()

    client.post(f"/desk/imports/{record.pk}/stop/")
    assert work(record).state == "stopped"
    page = client.get(f"/desk/imports/{record.pk}/").content.decode()
    assert "一行也没有导入" in page
    assert "every" not in page


def test_what_is_no_roll_is_said_and_forgotten(desk: Desk, tmp_path: Path) -> None:
    client = desk.client(desk.admin)
    client.post("/desk/imports/new/", {"roll": SimpleUploadedFile("a.csv", b"hello\n1\n")})
    record = RollImport.objects.get()
    client.get(f"/desk/imports/{record.pk}/columns/")
    record.refresh_from_db()

    assert record.state == "failed"
    assert "找不到表头" in client.get(f"/desk/imports/{record.pk}/").content.decode()
    assert not RollFilePart.objects.exists()


def test_a_station_decides_about_its_own_people_only(desk: Desk, tmp_path: Path) -> None:
    admin, chief = desk.client(desk.admin), desk.client(desk.chief)
    mine = [person(n, 组="1组") for n in range(1, 5)]
    other = [person(n, 乡镇="金石桥镇", 组="1组") for n in range(11, 15)]
    take_in(admin, tmp_path, mine + other)
    for order in (1, 11):
        Resident.objects.filter(household__number=f"H{order:04}").update(name="阳更正")

    rows = [{**row, "姓名": "阳新名"} for row in (mine[0], other[0])]
    take_in(admin, tmp_path, [*rows, *mine[1:3], *other[1:3]])
    assert RollConflict.objects.count() == 2
    assert RollAbsence.objects.count() == 2

    page = chief.get("/desk/imports/conflicts/").content.decode()
    assert page.count('name="row"') == 1
    assert ("阳更正" in page) and ("阳新名" in page)
    everyone = [str(pk) for pk in RollConflict.objects.values_list("pk", flat=True)]
    chief.post("/desk/imports/conflicts/", {"row": everyone, "decision": "take"})
    assert sorted(RollConflict.objects.values_list("state", flat=True)) == ["open", "taken"]
    taken = Resident.objects.get(name="阳新名")
    assert taken.pinyin == "yangxinming"
    assert taken.changes.get(kind="corrected").before == {"姓名": "阳更正"}

    chief.post("/desk/imports/absences/", {"all": "1", "decision": "moved"})
    assert sorted(RollAbsence.objects.values_list("state", flat=True)) == ["moved", "open"]
    assert Resident.objects.filter(lifecycle="moved").count() == 1

    take_in(admin, tmp_path, mine)
    assert not Resident.objects.filter(lifecycle="moved").exists(), "the roll has them again"


def test_a_mistaken_import_is_taken_back_but_not_whom_somebody_has_changed(
    desk: Desk, tmp_path: Path
) -> None:
    client = desk.client(desk.admin)
    before = Resident.objects.count()
    record = take_in(client, tmp_path, [person(n) for n in range(1, 5)])
    kept = Resident.objects.filter(name="阳小明").earliest("pk")
    kept.changes.create(county_id=kept.county_id, at=clock.now(), kind="corrected")

    client.post(f"/desk/imports/{record.pk}/take-back/")

    record.refresh_from_db()
    assert record.state == "undone"
    assert list(Resident.objects.filter(name="阳小明")) == [kept]
    assert Resident.objects.count() == before + 1
    assert kept.household is not None


def test_field_officers_and_stations_do_not_import(desk: Desk, tmp_path: Path) -> None:
    for officer in (desk.chief, desk.officers["桃李村"], desk.author):
        answer = desk.client(officer).post(
            "/desk/imports/new/", {"roll": SimpleUploadedFile("a.csv", b"x")}
        )
        assert answer.status_code == 403
    assert not RollImport.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM residents_rollfilepart")
        assert cursor.fetchone()[0] == 0
