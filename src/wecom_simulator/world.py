"""One simulated WeCom: its memory, clock, settings, faults and what waits to be called back."""

import json
import sqlite3
from collections import Counter
from dataclasses import asdict
from random import Random
from typing import Any

from wecom_simulator.clock import Clock, moment
from wecom_simulator.directory import Directory
from wecom_simulator.faults import FaultPlan
from wecom_simulator.limits import Limits
from wecom_simulator.options import Corp, Options, corp_of
from wecom_simulator.outbox import Outbox
from wecom_simulator.settings import Settings
from wecom_simulator.store import Store

CONTACT_SYNC = 0  # stands in for an agentid; 通讯录同步 has a secret and none of those
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class World:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store(options.data_dir / "wecom.sqlite3")
        boot = int(self.store.meta("boots", "0")) + 1
        self.store.set_meta("boots", str(boot))
        # A restart must not mint the ids of the run before again.
        self.random = Random(f"{options.seed}/{boot}")  # noqa: S311
        self.corp: Corp = corp_of(self.store, options)
        self.settings = Settings()
        self.settings.change(json.loads(self.store.meta("settings", "{}")))
        if options.scale_limits is not None:
            self.settings.scale_limits = options.scale_limits
        self.clock = self._clock()
        self.limits = Limits()
        self.faults = FaultPlan(f"faults {options.seed}")
        self.calls: Counter[tuple[str, int]] = Counter()  # (api, errcode), since the start
        self.token_uses: Counter[str] = Counter()
        self.directory = Directory(self.store)
        self._found_corp()
        self.outbox = Outbox(self)
        self.store.commit()

    @property
    def private(self) -> bool:
        return self.options.profile == "private"

    def now(self) -> float:
        return self.clock.now()

    def mint(self, prefix: str, letters: int) -> str:
        """A new id that looks like WeCom's."""
        return prefix + "".join(self.random.choices(LETTERS, k=letters))

    def app(self, agentid: int) -> sqlite3.Row:
        """Raises `KeyError`."""
        row = self.store.one("SELECT * FROM app WHERE agentid = ?", agentid)
        if row is None:
            raise KeyError(f"no app {agentid}")
        return row

    def change_settings(self, wanted: dict[str, Any]) -> None:
        self.settings.change(wanted)
        self.store.set_meta("settings", json.dumps(asdict(self.settings)))

    def commit(self) -> None:
        self.store.commit()
        self.outbox.release()

    def rollback(self) -> None:
        self.store.rollback()
        self.outbox.forget_unreleased()

    def close(self) -> None:
        self.store.close()

    def _clock(self) -> Clock:
        wanted = self.options.clock or self.store.meta("clock", "real")
        if wanted.startswith("frozen="):
            clock = Clock(frozen_at=moment(wanted.removeprefix("frozen=")))
        elif wanted.startswith("ahead="):
            clock = Clock(ahead_seconds=float(wanted.removeprefix("ahead=")))
        elif wanted.startswith("stopped="):
            clock = Clock(frozen_at=float(wanted.removeprefix("stopped=")))
        elif wanted == "real":
            clock = Clock()
        else:
            raise SystemExit("--clock is real or frozen=2026-11-02T08:30")
        clock.changed = self._keep_clock
        self._keep_clock(clock)
        return clock

    def _keep_clock(self, clock: Clock) -> None:
        if clock.frozen_at is not None:
            self.store.set_meta("clock", f"stopped={clock.frozen_at!r}")
        else:
            self.store.set_meta("clock", f"ahead={clock.ahead_seconds!r}")

    def _found_corp(self) -> None:
        """The root department and the first app exist from the start."""
        corp = self.corp
        self.store.run(
            "INSERT OR IGNORE INTO department (id, name, parentid) VALUES (1, '模拟县公安局', 0)"
        )
        self.store.run(
            "INSERT INTO app (agentid, name, secret, token, encoding_aes_key) VALUES (?,?,?,?,?) "
            "ON CONFLICT (agentid) DO UPDATE SET secret = excluded.secret, token = excluded.token, "
            "encoding_aes_key = excluded.encoding_aes_key",
            corp.agentid,
            "警务通",
            corp.secret,
            corp.token,
            corp.encoding_aes_key,
        )
        self.store.run(
            "INSERT INTO app (agentid, name, secret, callable, token, encoding_aes_key) "
            "VALUES (?, '通讯录同步', ?, 0, '', '') "
            "ON CONFLICT (agentid) DO UPDATE SET secret = excluded.secret",
            CONTACT_SYNC,
            corp.contact_sync_secret,
        )
        if self.options.callback_url:
            self.store.run(
                "UPDATE app SET callback_url = ? WHERE agentid = ?",
                self.options.callback_url,
                corp.agentid,
            )
