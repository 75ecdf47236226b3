"""Starting the county's processes, and leaving none behind."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import httpx

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 25


class DidNotStart(Exception):
    """A process of the demo ended early or never answered; the message has its last lines."""


class StepFailed(Exception):
    """A command of the set-up ended badly; the message has what it said."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """Linux ends the child when we are killed, even with -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Processes:
    """The children of one demo. Use as a context: leaving it stops them all."""

    def __init__(self, log_dir: Path, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._log_dir = log_dir
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._logs: list[IO[str]] = []
        log_dir.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    def start(self, name: str, *arguments: str, first_line: bool = False) -> str:
        """Run `weijing ARGUMENTS`. With `first_line`, wait for it and give it back.

        Raises `DidNotStart`.
        """
        log = (self._log_dir / f"{name}.log").open("a")
        self._logs.append(log)
        child = subprocess.Popen(
            [sys.executable, "-m", "weijing", *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if first_line else log,
            stderr=log,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._running[name] = child
        if not first_line:
            return ""
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            child.wait()
            raise DidNotStart(f"{name} ended at once:\n{self.last_lines(name)}")
        return line

    def wait_until_answers(self, name: str, url: str, *, seconds: float = 60) -> None:
        """Raises `DidNotStart`."""
        deadline = time.monotonic() + seconds
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                if self._running[name].poll() is not None:
                    raise DidNotStart(f"{name} ended:\n{self.last_lines(name)}")
                try:
                    if client.get(url).status_code < 500:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.1)
        raise DidNotStart(f"{name} does not answer at {url}:\n{self.last_lines(name)}")

    def last_lines(self, name: str) -> str:
        text = (self._log_dir / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-12:])

    def ended(self) -> list[str]:
        """Names of children that are no longer running."""
        return [name for name, child in self._running.items() if child.poll() is not None]

    def stop_all(self) -> None:
        """Ask each child to stop, newest first; kill the group of whoever does not."""
        for child in reversed(self._running.values()):
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self._running.clear()
        for log in self._logs:
            log.close()
        self._logs.clear()
