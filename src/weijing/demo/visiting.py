"""Signing in as everyone and opening their pages over HTTP, as a browser without JavaScript."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urljoin

import httpx

from weijing.demo.comparing import Figure
from weijing.demo.stage import Stage

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LINK = re.compile(r'href="(/(?:desk|o)/[^"#]*)"')
SIGN_IN = "/sign-in/"
MOST_PAGES = 40  # per person


class Visitor:
    """One person's browser."""

    def __init__(self, stage: Stage) -> None:
        self._http = httpx.Client(base_url=stage.web, timeout=30, trust_env=False)

    def by_password(self, username: str, password: str) -> None:
        """Raises `httpx.HTTPStatusError` when refused."""
        form = TOKEN.search(self._http.get(SIGN_IN).text)
        assert form is not None
        answer = self._http.post(
            SIGN_IN,
            data={
                "username": username,
                "password": password,
                "csrfmiddlewaretoken": form.group(1),
            },
        )
        if answer.status_code != 302:
            raise httpx.HTTPStatusError("refused", request=answer.request, response=answer)

    def through_wecom(self, userid: str) -> None:
        """The member's WeCom signs them in without a question."""
        start = self._http.get("/sign-in/wecom/")
        page = start.headers["Location"].partition("#")[0]
        with_member = httpx.get(f"{page}&auto_userid={userid}", trust_env=False)
        answer = self._http.get(with_member.headers["Location"])
        if answer.status_code != 302:
            raise httpx.HTTPStatusError("refused", request=answer.request, response=answer)

    def post(self, address: str, **fields: str) -> None:
        """Fill in the form of a page and send it.

        Raises `httpx.HTTPStatusError` when refused.
        """
        form = TOKEN.search(self._http.get(address).text)
        assert form is not None
        answer = self._http.post(address, data={**fields, "csrfmiddlewaretoken": form.group(1)})
        if answer.status_code != 302:
            raise httpx.HTTPStatusError("refused", request=answer.request, response=answer)

    def send(self, address: str, said: Mapping[str, str]) -> int:
        """What a phone has kept, as its script sends it. How it was answered."""
        asks = {"Accept": "application/json", "X-CSRFToken": self._http.cookies["csrftoken"]}
        return self._http.post(address, data=dict(said), headers=asks).status_code

    def opened(self, starts: Iterable[str]) -> dict[str, int]:
        """Every page reached from `starts` by links one level deep, with its status."""
        seen: dict[str, int] = {}
        waiting = list(starts)
        second: list[str] = []
        for level in (waiting, second):
            for address in level:
                if address in seen or len(seen) >= MOST_PAGES:
                    continue
                answer = self._http.get(address, follow_redirects=True)
                seen[address] = answer.status_code
                if level is waiting:
                    second += [urljoin(address, link) for link in LINK.findall(answer.text)]
        return seen


def open_every_page(stage: Stage, facts: dict[str, str]) -> list[Figure]:
    """One figure per page: the status it answered, and that it should be 200."""
    visits: dict[str, dict[str, int]] = {}
    for username, password in stage.passwords.items():
        visitor = Visitor(stage)
        visitor.by_password(username, password)
        visits[username] = visitor.opened(["/"])
    officer = Visitor(stage)
    officer.through_wecom("mj0002")
    visits["mj0002"] = officer.opened(["/o/today/"])
    chief = Visitor(stage)
    chief.through_wecom("mj0001")
    visits["mj0001"] = chief.opened(["/desk/", "/o/today/"])
    return [
        Figure(f"页面：{who} {address}", status, 200)
        for who, pages in visits.items()
        for address, status in pages.items()
    ]
