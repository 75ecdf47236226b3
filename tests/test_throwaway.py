"""However a run of the tests ends, nothing of it stays."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests import throwaway

RUN = "import time, tests.conftest; print(tests.conftest.place, flush=True); time.sleep({})"


@pytest.fixture
def temporary() -> Iterator[Path]:
    place = Path(mkdtemp(prefix="wj-runs-"))
    place.chmod(0o755)
    yield place
    place.rmdir()  # which fails if anything is left in it


def start(temporary: Path, seconds: int = 60) -> tuple[subprocess.Popen[str], Path]:
    """A run that has got as far as having its server; where it is."""
    mine = ("WEIJING", "DATABASE", "PYTEST")
    run = subprocess.Popen(
        [sys.executable, "-c", RUN.format(seconds)],
        cwd=Path(__file__).parents[1],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(mine)},
            "TMPDIR": str(temporary),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip())


def server_of(place: Path) -> Path:
    state = json.loads((place / "postgres/state.json").read_text())
    lines = (Path(state["data_dir"]) / "postmaster.pid").read_text().splitlines()
    return Path("/proc") / lines[0]


def is_gone(process: Path) -> bool:
    """Ended, and told so to init, who has taken it over and may need a moment."""
    deadline = time.monotonic() + 10
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not process.exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_takes_its_server_along(temporary: Path, end: signal.Signals) -> None:
    run, place = start(temporary)
    server = server_of(place)
    run.send_signal(end)
    run.communicate(timeout=60)
    assert not place.exists()
    assert is_gone(server)


def test_what_a_killed_run_leaves_goes_with_the_next(temporary: Path) -> None:
    killed, left = start(temporary)
    server = server_of(left)
    killed.kill()
    killed.communicate()
    assert left.exists() and server.exists()
    other, in_use = start(temporary)
    assert not left.exists() and is_gone(server)

    third, _ = start(temporary, seconds=0)
    third.communicate(timeout=60)
    assert in_use.exists() and server_of(in_use).exists()
    other.terminate()
    other.communicate(timeout=60)


def test_a_place_of_ones_own_is_never_cleared_away() -> None:
    place = Path(os.environ["WEIJING_TEST_VAR"])
    throwaway._clear_away()
    assert (place / "secrets.json").exists()
