"""What holds for every page of the desk: who may open it, and how little it asks the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from weijing.core import clock
from weijing.residents.models import ContactWay, RollImport

MOST_QUERIES = 30
COMMAND_PAGES = [
    "/desk/",
    "/desk/coverage/",
    "/desk/coverage/?level=town&view=table",
    "/desk/coverage/?level=village&view=table",
    "/desk/coverage/?level=group&view=table&state=missing",
    "/desk/contacts/",
    "/desk/contacts/?q=罗&state=linked",
    "/desk/labelling/",
    "/desk/tags/",
    "/desk/campaigns/",
]
MACHINE_PAGES = ["/desk/health/", "/desk/imports/", "/desk/tags/"]


def cheap(client, url):
    """The answer, asked for with few queries."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(url)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    assert len(queries) <= MOST_QUERIES, (url, [q["sql"][:150] for q in queries])
    return answer.content.decode()


@pytest.mark.parametrize("url", COMMAND_PAGES)
def test_command_pages_open_with_few_queries(desk, url):
    for officer in (desk.author, desk.approver, desk.chief):
        cheap(desk.client(officer), url)


@pytest.mark.parametrize("url", COMMAND_PAGES)
def test_htmx_gets_a_fragment_of_the_same_address(desk, url):
    answer = desk.client(desk.author).get(url, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize("url", MACHINE_PAGES)
def test_the_administrator_opens_what_concerns_the_machine(desk, url):
    cheap(desk.client(desk.admin), url)


@pytest.mark.parametrize("url", [url for url in COMMAND_PAGES if "tags" not in url])
def test_the_administrator_sees_no_page_about_residents(desk, url):
    assert desk.client(desk.admin).get(url).status_code == (302 if url == "/desk/" else 403)


@pytest.mark.parametrize("url", COMMAND_PAGES)
def test_an_officer_of_the_field_has_no_desk(desk, url):
    assert desk.client(desk.officers["桃李村"]).get(url).status_code == 403


@pytest.mark.parametrize(
    "url", ["/desk/", "/desk/coverage/", "/desk/contacts/", "/desk/labelling/"]
)
def test_an_empty_county_says_what_to_do(county, desk, url):
    from weijing.residents.models import Contact, Resident, WechatIdentity
    from weijing.tags.models import TagAssignment

    for model in (TagAssignment, Contact, WechatIdentity, Resident):
        model.objects.all().delete()
    assert desk.client(desk.author).get(url).status_code == 200


def test_menus_hold_only_what_one_may_open(desk):
    chief = desk.client(desk.chief).get("/desk/").content.decode()
    author = desk.client(desk.author).get("/desk/").content.decode()
    admin = desk.client(desk.admin).get("/desk/health/").content.decode()
    assert "任务与健康" in chief and "任务与健康" not in author
    assert "名册导入" in admin and "网格与覆盖" not in admin
    assert "小沙江派出所" in chief and "县局指挥室" in author


def test_health_shows_codes_that_wecom_would_not_delete(desk):
    admin = desk.client(desk.admin)
    assert "扫了还能加上" not in admin.get("/desk/health/").content.decode()
    ContactWay.objects.create(
        county=desk.county, officer=desk.officers["桃李村"], state="w", config_id="c",
        created_at=clock.now(), ended_at=clock.now(), refused_because="40003", attempts=5,
    )  # fmt: skip
    page = admin.get("/desk/health/").content.decode()
    assert "停用没删掉" in page and "扫了还能加上" in page
    assert "weijing doctor --repair parked" in page


def test_a_campaigns_pages_open_with_few_queries(desk):
    draft, released = desk.draft(), desk.released()
    author = desk.client(desk.author)
    cheap(author, "/desk/campaigns/new/")
    for url in (
        f"/desk/campaigns/{draft.number}/edit/",
        f"/desk/campaigns/{draft.number}/review/",
        f"/desk/campaigns/{released.number}/progress/",
        f"/desk/campaigns/{released.number}/results/",
    ):
        cheap(author, url)


def test_refused_rows_download_for_the_county_desk_only(desk, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "errors.xlsx").write_bytes(b"PK")
    row = RollImport.objects.create(
        county=desk.county, file_name="名册.xlsx", file_sha256="0" * 64, state="applied",
        bad_rows=2, errors_file="errors.xlsx", started_at=clock.now(),
    )  # fmt: skip
    url = f"/desk/imports/{row.pk}/errors/"
    assert desk.client(desk.chief).get(url).status_code == 404
    assert desk.client(desk.admin).get(url).status_code == 403
    desk.chief.postings.update(kind="county", station=None)
    answer = desk.client(desk.chief).get(url)
    assert b"".join(answer.streaming_content) == b"PK"
    row.errors_file = "../../../../etc/hostname"
    row.save()
    assert desk.client(desk.chief).get(url).status_code == 404
