"""A message to a whole county: the composer's meter, the release, the pages afterwards.

`./run bench releasing` (or `--residents N`, `--keep DIR` for the county of `audiences`). An author
looks at how many 1.3 M people would get it, through whom, and who not and why; an approver lets
it go to everybody who can be reached; then its pages are opened. Baselines in the same run: the
meter's least part as SQL on rows, and the same deliveries inserted into a table with a primary
key alone.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from audience_parts import asked, county
from rich.console import Console
from rich.table import Table

RUNS = 20
PAGES = (
    "progress/", "results/", "officers/", "results/?q=罗样例", "results/?place=430524001",
)  # fmt: skip
BACKEND = "weijing.accounts.signing_in.PasswordBackend"


def timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e3)
    return median(took), quantiles(took, n=20)[-1]


def people_of_the_desk(place: Any) -> tuple[Any, Any]:
    """An author and an approver for the whole county."""
    from datetime import UTC, datetime

    from weijing.accounts.models import Officer, Posting, Role, RoleGrant

    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for name, role in (("author", Role.CAMPAIGN_AUTHOR), ("approver", Role.CAMPAIGN_APPROVER)):
        officer, _ = Officer.objects.get_or_create(county=place, username=name)
        if not officer.name:
            officer.name = name
            officer.save()
            RoleGrant.objects.create(county=place, officer=officer, role=role, granted_at=long_ago)
            Posting.objects.create(county=place, officer=officer, kind="county", starts_at=long_ago)
        made.append(officer)
    return made[0], made[1]


def meter(place: Any, author: Any, trees: dict[str, Any]) -> list[tuple[str, str, str]]:
    """`reach` as the composer asks for it, after the first question of the process."""
    from weijing.accounts.scope import scope_of
    from weijing.campaigns.reach import reach
    from weijing.core import clock

    at = clock.now()
    scope = scope_of(author, at=at)

    def ask(tree: Any) -> Any:
        return reach(tree, county_id=place.pk, at=at, within=scope)

    began = time.perf_counter()
    ask(next(iter(trees.values())))
    first = time.perf_counter() - began
    lines = [("first question of a process, s", f"{first:.1f}", "")]
    for name, tree in trees.items():
        found = ask(tree)
        usual, worst = timed(lambda tree=tree: ask(tree))  # type: ignore[misc]
        beside, _ = timed(lambda: by_rows(place), runs=3) if name == "everybody" else (0.0, 0.0)
        lines.append((
            f"meter, {name}: {found.matched:,} matched, {found.reachable:,} reached, ms",
            f"{usual:.0f} (p95 {worst:.0f})", f"{beside:,.0f} as SQL" if beside else "",
        ))  # fmt: skip
    return lines


def by_rows(place: Any) -> int:
    """No more than how many are reached; the meter says through whom and where as well."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BASELINE_METER, [place.pk])
        return int(cursor.fetchone()[0])


def release(place: Any, author: Any, approver: Any) -> tuple[Any, list[tuple[str, str, str]]]:
    """Drafted, submitted, let go: planned and stored when the approver's commit returns."""
    from weijing.campaigns import approving, drafting, listing
    from weijing.campaigns.models import Delivery, Share
    from weijing.campaigns.reach import reach_of
    from weijing.core import clock

    at = clock.now()
    campaign = drafting.draft(
        by=author, at=at, title="台风蓝色预警", topic="disaster",
        body="台风将至，请尽量不要出门，注意防范山洪。\n隆回县公安局",
        audience={"contact": "linked"},
    )  # fmt: skip
    seen = reach_of(campaign, at=at).reachable
    drafting.submit(campaign, by=author, at=at, count_seen=seen)
    campaign.refresh_from_db()
    began = time.perf_counter()
    approving.release(campaign, by=approver, at=at, at_any_hour=True)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    listing.write_all(place.pk)
    listed_in = time.perf_counter() - began
    stored = Delivery.objects.filter(share__campaign=campaign).count()
    assert stored == seen, (stored, seen)
    shares = Share.objects.filter(campaign=campaign).count()
    plain = into_a_plain_table(campaign)
    return campaign, [
        (f"release to {stored:,} people in {shares:,} shares, s", f"{seconds:.1f}",
         f"{plain:.1f} INSERT … SELECT into a bare table"),
        ("everybody listed by the job after it, s", f"{listed_in:.1f}", ""),
    ]  # fmt: skip


def forget_messages() -> None:
    """Of an earlier run over a county that was kept."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE campaigns_campaign CASCADE")


def into_a_plain_table(campaign: Any) -> float:
    """Seconds for the same rows where nothing has to be planned, and only a key is kept."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PLAIN_TABLE)
        began = time.perf_counter()
        cursor.execute(INTO_PLAIN_TABLE, [campaign.pk])
        return time.perf_counter() - began


def pages(campaign: Any, author: Any) -> list[tuple[str, str, str]]:
    """Server time of the campaign's pages, whole, as its author opens them."""
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(author, backend=BACKEND)
    lines = []
    for page in ("/desk/campaigns/", *(f"/desk/campaigns/{campaign.number}/{p}" for p in PAGES)):
        assert client.get(page).status_code == 200, page
        usual, worst = timed(lambda page=page: client.get(page))  # type: ignore[misc]
        lines.append((f"{page.replace(campaign.number, '…')}, ms",
                      f"{usual:.0f} (p95 {worst:.0f})", ""))  # fmt: skip
    return lines


BASELINE_METER = """
SELECT count(DISTINCT person.id)
FROM residents_resident person
JOIN residents_wechatidentity identity
    ON identity.county_id = person.county_id AND identity.resident_id = person.id
JOIN residents_contact contact
    ON contact.county_id = identity.county_id AND contact.identity_id = identity.id
JOIN accounts_officer officer
    ON officer.county_id = contact.county_id AND officer.id = contact.officer_id
WHERE person.county_id = %s AND contact.state = 'linked' AND officer.is_active
    AND 'publicity' = ANY (person.consents) AND person.lifecycle IN ('roll', 'provisional')
"""
PLAIN_TABLE = """
DROP TABLE IF EXISTS bench_delivery;
CREATE TABLE bench_delivery (id bigint PRIMARY KEY, share_id bigint, resident_id bigint,
    external_userid text, result text, sent_at timestamptz)
"""
INTO_PLAIN_TABLE = """
INSERT INTO bench_delivery
SELECT row_number() OVER (), d.share_id, d.resident_id, d.external_userid, d.result, d.sent_at
FROM campaigns_delivery d JOIN campaigns_share s ON s.id = d.share_id WHERE s.campaign_id = %s
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1_300_000)
    parser.add_argument("--keep", type=Path, help="Keep the county in this directory.")
    options = parser.parse_args()
    with county.server(options.keep):
        place = county.county(options.residents)
        author, approver = people_of_the_desk(place)
        said = asked.expressions(place)
        trees = {"everybody": {"all": [{"contact": "linked"}]}, "E08": said["E08"][1],
                 "E07": said["E07"][1]}  # fmt: skip
        forget_messages()
        lines = meter(place, author, trees)
        campaign, more = release(place, author, approver)
        lines += [*more, *meter(place, author, {"everybody, after it": trees["everybody"]})[1:]]
        lines += pages(campaign, author)
    table = Table(title=f"A message to {options.residents:,} residents")
    for heading in ("", "ours", "beside it, same run"):
        table.add_column(heading)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
    figures: dict[str, Any] = {name: [value, beside] for name, value, beside in lines}
    print(json.dumps(
        {"bench": "releasing", "residents": options.residents, **figures,
         "load_average": round(os.getloadavg()[0], 1)},
        ensure_ascii=False,
    ))  # fmt: skip


if __name__ == "__main__":
    main()
