"""Files of others are the ones that were published, and phone pages stay light."""

import gzip
import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.builders import make_household, make_resident
from weijing import web
from weijing.residents.adding.walking import MOST_STOPS

VENDOR = Path(web.__file__).parent / "static" / "weijing" / "vendor"
FILES = tomllib.loads((VENDOR / "vendor.toml").read_text())["file"]
MAX_SCRIPT_BYTES = 45_000  # compressed, of one phone page
MAX_FIRST_LOAD_BYTES = 120_000


def test_every_vendored_file_is_the_published_one():
    there = {
        path.relative_to(VENDOR).as_posix()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.toml"
    }
    assert there == {one["path"] for one in FILES}
    for one in FILES:
        digest = hashlib.sha256((VENDOR / one["path"]).read_bytes()).hexdigest()
        assert digest == one["sha256"], one["path"]


@pytest.mark.parametrize("one", FILES, ids=lambda one: one["name"])
def test_a_vendored_file_says_whose_it_is(one):
    assert {"path", "name", "version", "licence", "published_as", "sha256"} <= one.keys()
    assert all(one.values())


def test_htmx_is_served_from_the_package_that_ships_it():
    found = Path(finders.find("django_htmx/htmx-2.min.js"))
    assert found.parts[-4] == "django_htmx"
    assert re.search(rb'version:"2\.', found.read_bytes())


def weight(page, *kinds):
    """Compressed bytes of what the page links: scripts and style sheets, as `kinds` end."""
    links = re.findall(r'(?:src|href)="/static/([^"?]+)', page)
    wanted = [path for path in dict.fromkeys(links) if path.endswith(kinds)]
    assert wanted
    return sum(len(gzip.compress(Path(finders.find(path)).read_bytes())) for path in wanted)


@pytest.mark.parametrize(
    "path", ["/s/contact/", "/o/today/", "/o/contacts/{pk}/label/", "/o/grid/unlinked/", "/o/me/"]
)
def test_a_phone_page_is_light(beat, path):
    contact = beat.stranger("山里人家")
    answer = beat.client.get(path.format(pk=contact.pk))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert weight(page, ".js") <= MAX_SCRIPT_BYTES
    all_of_it = weight(page, ".js", ".css", ".svg") + len(gzip.compress(answer.content))
    assert all_of_it <= MAX_FIRST_LOAD_BYTES


def test_the_longest_list_to_walk_is_light(beat):
    group = beat.place()
    homes = [make_household(group, str(number)) for number in range(1, MOST_STOPS + 1)]
    for home in homes:
        make_resident(group, household=home)
    answer = beat.client.get(f"/o/grid/unlinked/?group={group.code}")
    page = answer.content.decode()
    assert page.count("data-door") >= MOST_STOPS
    scripts = weight(page, ".js")
    worker = len(gzip.compress(beat.client.get("/o/worker.js").content))
    assert scripts + worker <= MAX_SCRIPT_BYTES
    all_of_it = weight(page, ".js", ".css", ".svg") + len(gzip.compress(answer.content)) + worker
    assert all_of_it <= MAX_FIRST_LOAD_BYTES
    print(
        "sizes", scripts, worker, len(gzip.compress(answer.content)), len(answer.content), all_of_it
    )
