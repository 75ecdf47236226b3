"""How long an officer waits after 「保存」: `./run bench labelling` (or `--rows N`).

Imports the synthetic roll of `roll_import`, gives one officer a village and strangers to label, and
posts the label form through the whole of Django: the page with its suggestions, a new person, and
somebody of the roll taken with one tap. Baseline in the same run: the same form saved row by row,
with the call to WeCom inside the request. WeCom is the simulator, which answers after the time
that `--wecom-ms` names; our page does not notice. Last, the records of those just labelled, beside
a page that shows next to nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import contact_sync
import roll_import

LABELS = 60  # of each kind
GIVEN = "春夏秋冬东南西北山水云石松竹兰梅"
PASSWORD_BACKEND = "weijing.accounts.signing_in.PasswordBackend"


def officer_with_village(county: Any) -> Any:
    """An officer whose beat is a village in the middle of the county."""
    from weijing.accounts.models import Officer, Posting, Role, RoleGrant
    from weijing.core import clock
    from weijing.territory.models import BeatDivision, Division

    village = Division.objects.filter(county=county, level="village").order_by("code")[100]
    beat = BeatDivision.objects.get(county=county, division=village).beat
    officer = Officer.objects.create(
        county=county, username="yang", name="阳模拟", station=beat.station, wecom_userid="naive"
    )
    RoleGrant.objects.create(
        county=county, officer=officer, role=Role.VILLAGE_AUXILIARY, granted_at=clock.now()
    )
    Posting.objects.create(
        county=county, officer=officer, kind="primary", beat=beat, starts_at=clock.now()
    )
    return officer


def befriend(officer: Any, wecom: Any) -> list[Any]:
    """The officer's strangers as WeCom has them; ids of contacts."""
    from weijing.core import clock
    from weijing.residents.mirror.contacts import Seen, record_contacts

    seen = [
        Seen(officer.pk, row.external_contact, row.follow_info)
        for page in wecom.customers.batch_get_by_user([officer.wecom_userid])
        for row in page.external_contact_list
    ]
    record_contacts(officer.county_id, seen[: 4 * LABELS], at=clock.now())
    from weijing.residents.mirror.contacts import waiting_to_be_labelled

    return list(waiting_to_be_labelled(officer.county_id, officer.pk))


def form(group: Any, number: int) -> dict[str, Any]:
    return {
        "action": "save",
        "name": f"罗{GIVEN[number % len(GIVEN)]}{GIVEN[number // len(GIVEN) % len(GIVEN)]}",
        "phone": f"1549{number:07}",  # the roll has none of these
        "village": group.parent.code,
        "group": group.code,
        "house": str(number),
        "role": "head",
        "told": "on",
    }


def milliseconds(acts: Iterator[Callable[[], object]]) -> tuple[float, float]:
    """Median and 95th percentile of what each act took; the first one warms up."""
    next(acts)()
    took = []
    for act in acts:
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1e3)
    cut = quantiles(took, n=20)
    return cut[9], cut[18]


def plainly(contact: Any, group: Any, number: int, wecom: Any) -> None:
    """What one would write first: save everything, then tell WeCom, while the officer waits."""
    from django.db import transaction

    from weijing.core import clock
    from weijing.core.env import keyring
    from weijing.residents.models import ConsentRecord, Household

    filled, resident, at = form(group, number), contact.identity.resident, clock.now()
    with transaction.atomic():
        home, _ = Household.objects.get_or_create(
            county_id=group.county_id,
            division=group,
            address=f"{number}号",
            defaults={"number": f"B{number}"},
        )
        resident.name, resident.division, resident.household = filled["name"], group, home
        resident.lifecycle, resident.household_role = "roll", "head"
        resident.phone = filled["phone"]
        resident.phone_index = keyring().blind_index(filled["phone"], purpose="phone")
        resident.save()
        ConsentRecord.objects.create(
            county_id=group.county_id, resident=resident, scope="contact", given=True,
            notice_version="bench", channel="face_to_face", at=at,
        )  # fmt: skip
        contact.labelled_at = at
        contact.save()
    wecom.customers.remark(
        contact.officer.wecom_userid,
        contact.identity.external_userid,
        remark=f"{group.parent.short_name}{group.name}-罗样例-户主"[:20],
        remark_mobiles=[filled["phone"]],
    )


def measure(county: Any, wecom: Any) -> dict[str, tuple[float, float]]:
    from django.test import Client

    from weijing.residents.models import Resident
    from weijing.territory.models import Division

    officer = officer_with_village(county)
    waiting = befriend(officer, wecom)
    village = Division.objects.filter(county=county, level="village").order_by("code")[100]
    group = Division.objects.filter(parent=village).select_related("parent").order_by("lo")[0]
    grown_up = Resident.objects.filter(county=county, division__parent=village, lifecycle="roll")
    people = list(grown_up.filter(born_on__year__lt=2000)[:LABELS])
    client = Client()
    client.force_login(officer, backend=PASSWORD_BACKEND)

    def post(contact: Any, data: dict[str, Any], wanted: int) -> None:
        answer = client.post(f"/o/contacts/{contact.pk}/label/", data)
        said = re.findall(r"field__error[^>]*>(.*?)</p>", answer.content.decode())
        assert answer.status_code == wanted, (answer.status_code, said)

    numbers = iter(range(1, 100_000))
    queue = iter(waiting)
    looking = waiting[-1]
    return {
        "look: suggestions, preview": milliseconds(
            lambda: post(looking, {**form(group, next(numbers)), "action": "look"}, 200)
            for _ in range(LABELS)
        ),
        "save a new person": milliseconds(
            lambda: post(next(queue), form(group, next(numbers)), 302) for _ in range(LABELS)
        ),
        "take somebody of the roll": milliseconds(
            lambda person=person: post(next(queue), {"same_as": str(person.pk), "told": "on"}, 302)
            for person in people
        ),
        "row by row, WeCom inside": milliseconds(
            lambda: plainly(next(queue), group, next(numbers), wecom) for _ in range(LABELS)
        ),
        "open somebody's record": milliseconds(
            lambda person=person: opened(client, f"/o/contacts/{person.pk}/") for person in people
        ),
        "open a page with nothing on it": milliseconds(
            lambda: opened(client, "/o/me/") for _ in range(LABELS)
        ),
    }


def opened(client: Any, address: str) -> None:
    assert client.get(address).status_code == 200, address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_300_000)
    parser.add_argument("--files", type=Path, help="Keep the generated files here.")
    parser.add_argument("--wecom-ms", type=int, default=120, help="How long WeCom takes to answer.")
    options = parser.parse_args()
    with roll_import.server():
        from rich.console import Console
        from rich.table import Table

        var = Path(os.environ["WEIJING_VAR"])
        with contact_sync.simulated_wecom(var) as facts:
            os.environ |= {
                "WEIJING_WECOM_BASE_URL": facts["base_url"].removesuffix("/cgi-bin/"),
                "WEIJING_WECOM_CORPID": facts["corpid"],
                "WEIJING_WECOM_AGENTID": str(facts["agentid"]),
                "WEIJING_WECOM_SECRET": facts["secret"],
                "WEIJING_HOSTS": "*",
                "WEIJING_LOG_LEVEL": "WARNING",
            }
            contact_sync.people(facts, contacts=0, officers=1)
            roll_import.prepare()
            from weijing.core import line
            from weijing.core.line.client import OUTCOMES

            csv, _, _ = roll_import.write_files(options.rows, options.files or var)
            county = roll_import.fresh("labelling")
            roll_import.take_in(csv, county)
            wecom = line.wecom(county.pk)
            slow = {"api": "externalcontact/remark", "kind": "slow", "times": None}
            contact_sync.admin(facts, "faults", **slow, delay_seconds=options.wecom_ms / 1_000)
            found = measure(county, wecom)
            OUTCOMES.flush()  # else its timer would look for a database that is gone
            line.hang_up()
    table = Table(title=f"Labelling among {options.rows:,} residents, ms of server time")
    for name in ("", "median", "95th percentile"):
        table.add_column(name)
    for what, (p50, p95) in found.items():
        table.add_row(what, f"{p50:,.1f}", f"{p95:,.1f}")
    Console().print(table)
    figures = {
        what: {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
        for what, (p50, p95) in found.items()
    }
    print(json.dumps({"bench": "labelling", "rows": options.rows, **figures}, ensure_ascii=False))


if __name__ == "__main__":
    main()
