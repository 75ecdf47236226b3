"""A simulator in a process of its own, spoken to as any client would."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

JSON = dict[str, Any]
FROZEN = "2026-11-02T10:00"  # a Monday in China
FROZEN_SECONDS = 1_793_584_800


class Simulator:
    def __init__(self, data_dir: Path, *args: str) -> None:
        self._data_dir = data_dir
        self._args = args
        self.http = httpx.Client(timeout=30, trust_env=False)
        self.start()

    def start(self, *args: str) -> None:
        command = [sys.executable, "-m", "wecom_simulator", "--port", "0", "--json"]
        command += ["--data-dir", str(self._data_dir), *self._args, *args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.facts: JSON = json.loads(self.process.stdout.readline())
        self._tokens: dict[str, str] = {}

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        os.kill(self.process.pid, how)
        code = self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def admin(self, path: str, method: str = "POST", **body: Any) -> JSON:
        answer = self.http.request(method, urljoin(self.facts["admin_url"], path), json=body)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    def truth(self, path: str) -> JSON:
        return self.admin("truth/" + path, "GET")

    def advance(self, seconds: float) -> None:
        self.admin("clock", advance=seconds)
        self._tokens.clear()

    def now(self) -> float:
        return float(self.admin("clock", "GET")["now"])

    def gettoken(self, secret: str | None = None, corpid: str | None = None) -> JSON:
        query = {
            "corpid": corpid or self.facts["corpid"],
            "corpsecret": secret or self.facts["secret"],
        }
        return self.get("gettoken", **query)

    def token(self, secret: str = "") -> str:
        if secret not in self._tokens:
            self._tokens[secret] = self.gettoken(secret or None)["access_token"]
        return self._tokens[secret]

    def get(self, path: str, **query: Any) -> JSON:
        """A GET without a token of ours."""
        found: JSON = self.http.get(urljoin(self.facts["base_url"], path), params=query).json()
        return found

    def read(self, path: str, **query: Any) -> JSON:
        return self.get(path, access_token=self.token(), **query)

    def call(self, path: str, *, secret: str = "", **body: Any) -> JSON:
        """A POST by the first app, or by the one with `secret`."""
        answer = self.http.post(
            urljoin(self.facts["base_url"], path),
            params={"access_token": self.token(secret)},
            json=body,
        )
        found: JSON = answer.json()
        return found

    def member(self, userid: str, **more: Any) -> str:
        self.admin("members", members=[{"userid": userid, "name": userid, **more}])
        return userid

    def friend(self, userid: str, name: str = "阳光", **more: Any) -> str:
        """A new resident in contact with the member; the external_userid."""
        external_userid: str = self.admin("residents", residents=[{"name": name}])[
            "external_userids"
        ][0]
        pair = {"userid": userid, "external_userid": external_userid, **more}
        self.admin("relations", relations=[pair])
        return external_userid
