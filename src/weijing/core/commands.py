"""Commands of the machine: secrets, database, processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from weijing.core import crypto, embedded_postgres, env

console = Console(stderr=True)


@click.command()
def init() -> None:
    """Make the secrets file of this installation (keys for sealed columns and sessions).

    Keep a copy apart from the database's backups: without it sealed columns cannot be read.
    """
    path = env.environment().secrets_path
    if path.exists():
        click.echo(f"{path} is there already; left as it is.")
        return
    crypto.create_secrets(path)
    click.echo(f"Made {path}.")


@click.group()
def db() -> None:
    """Start, stop, migrate or copy the database."""


def _embedded_var() -> Path:
    if env.environment().database_url:
        raise click.ClickException("DATABASE_URL is set: that server is not ours to start or stop.")
    return env.environment().var


@db.command()
@click.option("--no-fsync", is_flag=True, help="For tests only: a power cut would lose data.")
def up(no_fsync: bool) -> None:
    """Start the embedded PostgreSQL (for trials, tests and one small machine)."""
    try:
        server = embedded_postgres.up(_embedded_var(), fsync=not no_fsync)
    except embedded_postgres.DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"PostgreSQL {server.version} is up on port {server.port}.")


@db.command()
def down() -> None:
    """Stop the embedded PostgreSQL."""
    stopped = embedded_postgres.down(_embedded_var())
    click.echo("Stopped." if stopped else "It was not running.")


@db.command()
def status() -> None:
    """Say which database is used and whether it answers."""
    if env.environment().database_url:
        click.echo("DATABASE_URL is set.")
        return
    server = embedded_postgres.status(env.environment().var)
    if server is None:
        raise click.ClickException("The embedded database is not running (`weijing db up`).")
    click.echo(
        f"PostgreSQL {server.version} ({server.source}), port {server.port}, pid {server.pid}."
    )


@db.command()
def migrate() -> None:
    """Bring the tables up to this version."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    click.echo("The tables are at this version.")


@db.command()
@click.option("--to", "target", required=True, help="postgresql://… of an empty database.")
def copy(target: str) -> None:
    """Move everything to another PostgreSQL, table by table."""
    from weijing.core.db_copy import CannotCopy, copy_database

    source = env.database_url()
    environment = {**os.environ, "DATABASE_URL": target}
    migrated = subprocess.run(
        [sys.executable, "-m", "weijing", "db", "migrate"], env=environment, check=False
    )
    if migrated.returncode:
        raise click.ClickException("The target database could not be migrated.")
    with Progress(console=console) as progress:
        task = progress.add_task("Copying", total=None)

        def step(table: str, copied: int, total: int) -> None:
            progress.update(task, description=table, completed=copied, total=total)

        try:
            tables = copy_database(source, target, progress=step)
        except CannotCopy as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Copied {sum(rows for _, rows in tables):,} rows in {len(tables)} tables.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=4, show_default=True, help="Threads per process.")
def web(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages."""
    env.require(env.WECOM_FIELDS)
    _exec(
        *("granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        *("--no-ws", "--log-level", "warning", "--respawn-failed-workers"),
        "weijing.wsgi:application",
    )


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="Jobs at a time.")
@click.option("--queues", default="", help="Only these lanes: urgent,normal,bulk.")
def worker(concurrency: int, queues: str) -> None:
    """Run the jobs. Only this process calls WeCom, but for sign-in."""
    env.require(env.WECOM_FIELDS)
    from weijing.core.working import work

    work(concurrency=concurrency, queues=[name for name in queues.split(",") if name] or None)


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulator(arguments: tuple[str, ...]) -> None:
    """Run a WeCom to develop, demonstrate and drill against. `--help` lists its options."""
    _exec(sys.executable, "-m", "wecom_simulator", *arguments)


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sms_simulator(arguments: tuple[str, ...]) -> None:
    """Run an SMS gateway to develop, demonstrate and drill against."""
    _exec(sys.executable, "-m", "sms_simulator", *arguments)


@click.command(
    "django",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def django_admin(arguments: tuple[str, ...]) -> None:
    """Django's own administration commands."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["weijing django", *arguments])


def _exec(program: str, *arguments: str) -> None:
    """Become another program of this environment; signals reach it directly."""
    beside = Path(sys.executable).parent / program
    path = str(beside) if beside.exists() else program
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(path, [path, *arguments])  # noqa: S606
