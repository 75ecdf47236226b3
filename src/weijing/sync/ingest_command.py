"""The command that receives WeCom's callbacks."""

import os
import signal
import sys
from pathlib import Path

import click

from weijing.core import env
from weijing.sync.ingest import CALLBACK_PATH, open_codec, open_spool

# They wait for the commit they share, so there may be far more of them than processors.
THREADS = 32


@click.command(
    help=f"Receive WeCom's callbacks at {CALLBACK_PATH}.\n\n"
    "Answers 200 only for what is in the database or, while that is away, safely in the spool."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes.")
def ingest(host: str, port: int, workers: int) -> None:
    # Said here, once and in words, and not by every process of the server.
    open_codec()
    env.keyring()
    env.database_url()
    open_spool()
    arguments = [
        *("granian", "--interface", "wsgi", "--factory", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(THREADS), "--backlog", "2048"),
        *("--log-level", "error", "--respawn-failed-workers", "--respawn-interval", "0.5"),
        *("--workers-kill-timeout", "10"),
        "weijing.sync.ingest:application",
    ]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(str(Path(sys.executable).parent / "granian"), arguments)  # noqa: S606
