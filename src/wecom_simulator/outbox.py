"""Callbacks on their way: kept until answered, several at once, and as unreliable as ordered."""

import asyncio
import sqlite3
from collections import Counter, deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from wecom_simulator import envelope
from wecom_simulator.posting import Poster

if TYPE_CHECKING:
    from wecom_simulator.world import World


@dataclass
class Letter:
    id: int
    agentid: int
    xml: str
    tries: int = 0


class Outbox:
    """Rows in the store are the truth; what a killed process had in hand goes out again."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._unreleased: list[Letter] = []
        self._queue: deque[Letter] = deque()
        self._delayed = 0
        self._in_hand = 0
        self._done: list[tuple[int]] = []
        self._wake = asyncio.Event()
        self._poster = Poster()
        self._apps: dict[int, sqlite3.Row] = {}
        self.counts: Counter[str] = Counter()
        for row in world.store.all("SELECT id, agentid, xml FROM outbox ORDER BY id"):
            self._queue.append(Letter(row["id"], row["agentid"], row["xml"]))

    def put(self, agentid: int, xml: str) -> None:
        """Goes out when the change it tells of is committed."""
        row_id = self._world.store.add(
            "INSERT INTO outbox (agentid, xml) VALUES (?, ?)", agentid, xml
        )
        self._unreleased.append(Letter(row_id, agentid, xml))

    def release(self) -> None:
        settings, random = self._world.settings, self._world.random
        letters, self._unreleased = self._unreleased, []
        for letter in letters:
            if settings.callback_drop and random.random() < settings.callback_drop:
                self.counts["dropped"] += 1
                self._done.append((letter.id,))
                continue
            copies = 1
            if settings.callback_duplicate and random.random() < settings.callback_duplicate:
                self.counts["duplicated"] += 1
                copies = 2
            for _ in range(copies):
                self._later(letter, random.random() * settings.callback_delay_real_seconds)

    def forget_unreleased(self) -> None:
        self._unreleased.clear()

    def forget_apps(self) -> None:
        self._apps.clear()

    @property
    def pending(self) -> int:
        return len(self._queue) + self._delayed + self._in_hand

    async def drained(self, timeout_seconds: float) -> bool:
        until = monotonic() + timeout_seconds
        while self.pending and monotonic() < until:
            await asyncio.sleep(0.01)
        return not self.pending

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._world.settings.callback_connections):
                group.create_task(self._deliver())
            group.create_task(self._sweep())

    def close(self) -> None:
        self._forget_done()
        self._poster.close()

    async def verified(self, agentid: int, *, timeout_seconds: float = 1.0) -> str:
        """Ask the URL to prove that it holds the key (doc 90930): "" or what was wrong."""
        app = self._world.app(agentid)
        plain = self._world.mint("", 20)
        sealed = envelope.encrypted(
            plain, encoding_aes_key=app["encoding_aes_key"], corpid=self._world.corp.corpid
        )
        query = urlencode({**self._signed(app, sealed), "echostr": sealed})
        try:
            status, body = await self._poster.exchange(
                "GET", app["callback_url"], query, timeout_seconds=timeout_seconds
            )
        except (OSError, TimeoutError) as failure:
            return f"no answer: {type(failure).__name__}"
        if status != 200:
            return f"HTTP status {status}"
        return "" if body == plain.encode() else "the answer is not the decrypted echostr"

    def _later(self, letter: Letter, seconds: float) -> None:
        if seconds <= 0:
            self._queue.append(letter)
            self._wake.set()
            return
        self._delayed += 1
        asyncio.get_running_loop().call_later(seconds, self._arrive, letter)

    def _arrive(self, letter: Letter) -> None:
        self._delayed -= 1
        self._queue.append(letter)
        self._wake.set()

    async def _deliver(self) -> None:
        while True:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            letter = self._next()
            self._in_hand += 1
            try:
                await self._attempt(letter)
            finally:
                self._in_hand -= 1

    def _next(self) -> Letter:
        choice = min(self._world.settings.callback_reorder, len(self._queue))
        index = self._world.random.randrange(choice) if choice > 1 else 0
        letter = self._queue[index]
        del self._queue[index]
        return letter

    async def _attempt(self, letter: Letter) -> None:
        settings = self._world.settings
        app = self._app(letter.agentid)
        if app is None or not app["callback_url"]:
            self._done.append((letter.id,))
            self.counts["failed"] += 1
            return
        # A repeated event has a new nonce and new random bytes around the same XML.
        sealed = envelope.encrypted(
            letter.xml, encoding_aes_key=app["encoding_aes_key"], corpid=self._world.corp.corpid
        )
        self.counts["sent"] += 1
        try:
            status, _ = await self._poster.exchange(
                "POST",
                app["callback_url"],
                urlencode(self._signed(app, sealed)),
                envelope.posted(
                    self._world.corp.corpid,
                    sealed,
                    agentid=letter.agentid if "<AgentID>" in letter.xml else None,
                ),
                timeout_seconds=settings.callback_timeout_real_seconds,
            )
        except (OSError, TimeoutError):
            status = 0
        if status == 200:
            self.counts["acknowledged"] += 1
            self._done.append((letter.id,))
            return
        again = status == 0 or settings.callback_retry_on_status
        if again and letter.tries < settings.callback_retries:
            self.counts["retried"] += 1
            retry = Letter(letter.id, letter.agentid, letter.xml, letter.tries + 1)
            self._later(retry, settings.callback_retry_real_seconds)
            return
        self.counts["failed"] += 1
        self._done.append((letter.id,))

    def _app(self, agentid: int) -> sqlite3.Row | None:
        if agentid not in self._apps:
            try:
                self._apps[agentid] = self._world.app(agentid)
            except KeyError:
                return None
        return self._apps[agentid]

    def _signed(self, app: sqlite3.Row, sealed: str) -> dict[str, str]:
        # The clock of this WeCom, frozen or not: a receiver that refuses stale timestamps must
        # live in the same time.
        timestamp = str(int(self._world.now()))
        nonce = str(self._world.random.randrange(10**9, 10**10))
        return {
            "msg_signature": envelope.signature(app["token"], timestamp, nonce, sealed),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    async def _sweep(self) -> None:
        """Forget what was answered, many rows in one commit."""
        while True:
            await asyncio.sleep(0.2)
            self._forget_done()

    def _forget_done(self) -> None:
        if self._done:
            done, self._done = self._done, []
            self._world.store.many("DELETE FROM outbox WHERE id = ?", done)
            self._world.store.commit()
