"""The demo county as WeCom knows it: set up, and played, through the simulator's admin API.

HTTP only; the simulator's code is not ours to import.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx

CHUNK = 10_000
ROOT = 1


class SimulatedWeCom:
    """The other side of the demo. Every call raises `httpx.HTTPError` when it is refused."""

    def __init__(self, admin_url: str) -> None:
        self._http = httpx.Client(
            base_url=admin_url.rstrip("/") + "/", timeout=300, trust_env=False
        )

    def close(self) -> None:
        self._http.close()

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._answer(self._http.post(path, json=body))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._answer(self._http.get(path, params=query))

    @staticmethod
    def _answer(response: httpx.Response) -> dict[str, Any]:
        if response.is_error:
            raise httpx.HTTPStatusError(
                f"{response.request.url.path}: {response.text[:300]}",
                request=response.request,
                response=response,
            )
        answer: dict[str, Any] = response.json()
        return answer

    # --- setting up -------------------------------------------------------------------------

    def enlist(self, bureau: str, stations: Sequence[str], members: Iterable[Any]) -> None:
        """A department per station, and `members` (userid, name, station or "" for the bureau)."""
        departments = [{"id": ROOT, "name": bureau}]
        departments += [
            {"id": ROOT + number, "name": name, "parentid": ROOT}
            for number, name in enumerate(stations, start=1)
        ]
        self.post("departments", departments=departments)
        ids = {row["name"]: row["id"] for row in departments}
        rows = [
            {
                "userid": userid,
                "name": name,
                "department": [ids[station or bureau]],
                "status": 1,
                "customer_contact": bool(station),
            }
            for userid, name, station in members
        ]
        for chunk in _chunks(rows, 500):
            self.post("members", members=chunk)

    def befriend(self, friendships: Iterable[dict[str, Any]]) -> int:
        """Past friendships, without a callback: userid, external_userid, nickname, remark, …"""
        count = 0
        for chunk in _chunks(friendships, CHUNK):
            self.post(
                "residents",
                residents=[
                    {"external_userid": one["external_userid"], "name": one.pop("nickname")}
                    for one in chunk
                ],
            )
            self.post("relations", relations=chunk)
            count += len(chunk)
        return count

    def live_a_month(self, *, chats_a_day: int, now: datetime, seed: int) -> Iterator[int]:
        """Thirty days of conversations up to yesterday, day by day; ends with the real clock."""
        for day in range(30, 0, -1):
            noon = (now - timedelta(days=day)).astimezone(UTC)
            self.post("clock", freeze=noon.timestamp())
            weekday_share = 1.15 if noon.weekday() < 5 else 0.7
            self.post("play", seed=seed * 100 + day, chats=round(chats_a_day * weekday_share))
            yield day
        self.post("clock", real=True, set=time.time())

    # --- playing ----------------------------------------------------------------------------

    def waiting_for(self, userid: str) -> list[dict[str, Any]]:
        """Mass messages that lie in this member's 群发助手, as the member sees them."""
        waiting: list[dict[str, Any]] = self.post("acts/mass/open", userid=userid)["pending"]
        return waiting

    def callbacks_settled(self) -> dict[str, Any]:
        """Wait until every callback was delivered; its counters."""
        return self.post("callbacks/drain", timeout_seconds=60)

    # --- the truth, to compare with ------------------------------------------------------------

    def relations(self) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self.get("truth/relations", limit=CHUNK, cursor=cursor)
            yield from page["relations"]
            cursor = page["next_cursor"]
            if not cursor:
                return


def _chunks(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk
