"""The demo, ended by a person while it is being set up."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weijing.core import embedded_postgres


@pytest.fixture
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wj-demo-") as name:
        place = Path(name)
        place.chmod(0o755)  # the database of root runs as somebody else
        yield place
        embedded_postgres.remove(place / "demo")


def begin(var: Path, *options: str) -> subprocess.Popen[str]:
    """A demo that has got as far as having its database and starting its WeCom."""
    mine = ("WEIJING", "DATABASE")
    demo = subprocess.Popen(
        [sys.executable, "-m", "weijing", "demo", "--residents", "2000", *options],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(mine)},
            "WEIJING_VAR": str(var),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list((var / "demo/logs").glob("*")):
        assert demo.poll() is None, demo.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return demo


def processes_of(var: Path) -> list[str]:
    found = subprocess.run(["pgrep", "-fa", str(var)], capture_output=True, text=True)
    return found.stdout.splitlines()


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--once",), 130)])
def test_interrupted_it_stops_everything_and_once_is_no_success(
    var: Path, options: tuple[str, ...], code: int
) -> None:
    demo = begin(var, *options)
    assert processes_of(var)
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=90)

    assert demo.returncode == code, said
    assert "演示结束，所有进程已停止。" in said
    assert processes_of(var) == []
    assert not (var / "demo-report.json").exists()
