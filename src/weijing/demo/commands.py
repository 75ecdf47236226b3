"""`weijing demo`: a county to look at, or the whole journey without a person."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from weijing.core import crypto, embedded_postgres
from weijing.demo.processes import DidNotStart, Processes, StepFailed, free_port

MOST_RESIDENTS = 1_300_000
COUNTY = "430524"
INTERRUPTED = 130  # what a shell says of Ctrl-C


@click.command()
@click.option("--once", is_flag=True, help="Play it without a person, compare, report, end.")
@click.option(
    "--residents",
    type=click.IntRange(2_000, MOST_RESIDENTS),
    default=20_000,
    show_default=True,
    help="Synthetic people.",
)
@click.option("--port", default=0, help="Of the pages; 8000 or a free one unless given.")
@click.option("--seed", default=20_260_518, show_default=True, help="Same seed, same county.")
def demo(once: bool, residents: int, port: int, seed: int) -> None:
    """Build Longhui county with synthetic people, and play a morning in it.

    Starts the embedded database, a WeCom simulator, ingest, worker and web. Without --once it then
    serves until Ctrl-C. With --once it compares every figure with the simulator's own truth, writes
    demo-report.json, and fails if anything differs.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # a background shell ignores the first
        signal.signal(number, _interrupt)
    base = Path(os.environ.get("WEIJING_VAR", "var"))
    var = (base / "demo").resolve()
    out = Console(highlight=False)
    try:
        with _alone(base), _fresh_county(var) as processes:
            agrees = _play(var, base, processes, residents, port, seed, once=once, out=out)
    except KeyboardInterrupt:
        out.print("\n演示结束，所有进程已停止。")
        if once:  # nothing was compared, so nothing may pass for agreed
            sys.exit(INTERRUPTED)
        return
    except (DidNotStart, StepFailed) as failure:
        raise click.ClickException(str(failure)) from failure
    if not agrees:
        sys.exit(1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Two demos would take each other's data."""
    base.mkdir(parents=True, exist_ok=True)
    with (base / "demo.lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("Another demo runs here; end it first.") from None
        yield


@contextmanager
def _fresh_county(var: Path) -> Iterator[Processes]:
    """An empty place, its keys and its database; all processes are stopped at the end."""
    embedded_postgres.remove(var)
    shutil.rmtree(var, ignore_errors=True)
    (var / "logs").mkdir(parents=True)
    crypto.create_secrets(var / "secrets.json")
    environment = {
        "WEIJING_VAR": str(var),
        "WEIJING_SECRETS_FILE": str(var / "secrets.json"),
        "WEIJING_COUNTY": COUNTY,
        "WEIJING_DEMO": "true",
        "DATABASE_URL": "",
    }
    try:
        embedded_postgres.up(var)
    except embedded_postgres.DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from error
    try:
        with Processes(var / "logs", environment) as processes:
            yield processes
    finally:
        embedded_postgres.down(var)


def _play(
    var: Path,
    base: Path,
    processes: Processes,
    residents: int,
    port: int,
    seed: int,
    *,
    once: bool,
    out: Console,
) -> bool:
    started = time.monotonic()
    facts = _start_wecom(processes, var, seed)
    os.environ.update(processes.environment)
    # Only now is everything known that the settings read.
    import django

    django.setup()
    from weijing.core import clock
    from weijing.demo import book, comparing, morning, stage
    from weijing.demo.visiting import open_every_page
    from weijing.demo.wecom_side import SimulatedWeCom

    def say(sentence: str) -> None:
        out.print(f"[dim]{time.monotonic() - started:6.1f} 秒[/] {sentence}")

    wecom = SimulatedWeCom(facts["admin_url"])
    scene = stage.Stage(var, seed, residents, processes, wecom, say)
    scene.facts = facts
    scene.web_port = port or _port(once)
    _build(scene, facts, now=clock.now(), out=out)
    try:
        played = morning.play(scene)
        kept = book.play(scene)
    except morning.TookTooLong as slow:
        out.print(f"[red]没有等到：{slow}[/]（记录在 {var / 'logs'}）")
        return False
    visited = open_every_page(scene, facts)
    say(f"以各种身份打开了 {len(visited)} 个页面")
    if not once:
        _serve(scene, facts, out)
    say("与模拟器核对……")
    figures = [*comparing.compare(scene, played), *book.compare(scene, kept), *visited]
    doctor = _doctor(scene)
    figures.append(comparing.Figure("体检：weijing doctor --deep 的退出码", doctor, 0))
    _print(figures, out)
    seconds = round(time.monotonic() - started, 1)
    report = base / "demo-report.json"
    comparing.write_report(report, figures, residents=residents, seed=seed, seconds=seconds)
    wrong = [figure for figure in figures if not figure.agrees]
    words = f"[red]{len(wrong)} 项不符[/]" if wrong else "[green]全部相符[/]"
    out.print(f"{len(figures)} 项核对，{words}，用时 {seconds} 秒。报告：{report}")
    return not wrong


def _start_wecom(processes: Processes, var: Path, seed: int) -> dict[str, str]:
    from weijing.demo.simulating import start

    return start(processes, var, seed)


def _port(once: bool) -> int:
    """8000 for people who look, if nobody has it."""
    import socket

    if once:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8000))
        except OSError:
            return free_port()
    return 8000


def _build(scene: Any, facts: dict[str, str], *, now: datetime, out: Console) -> None:
    from weijing.demo import stage

    def say_left(count: int) -> None:
        progress.update(task, description=f"标签写回企业微信，还剩 {count:,} 位联系人")

    steps: list[tuple[str, Callable[[], Any]]] = [
        ("建表", lambda: scene.run("db", "migrate")),
        ("区划、派出所、警务区、民辅警", lambda: stage.found_county(scene)),
        ("虚构群众与花名册", lambda: _write_roll(scene)),
        ("检查花名册", lambda: scene.run("import-roll", str(scene.roll))),
        ("导入花名册", lambda: scene.run("import-roll", str(scene.roll), "--apply")),
        ("企业微信里的好友", lambda: stage.befriend(scene)),
        ("三十天的聊天", lambda: list(stage.a_month_of_conversations(scene, now=now))),
        ("首次同步：标签库", lambda: scene.run("sync", "tags")),
        ("首次同步：好友", lambda: scene.run("sync", "contacts")),
        ("首次同步：联系统计", lambda: scene.run("sync", "behaviour")),
        ("走访登记的同意与标签", lambda: stage.note_consent_and_tags(scene)),
        ("启动接收、任务、网页", lambda: stage.start_processes(scene, facts)),
        ("标签写回企业微信", lambda: stage.wait_for_projection(scene, left=say_left)),
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=out, transient=True) as progress:
        task = progress.add_task("搭建隆回县", total=len(steps))
        for title, act in steps:
            progress.update(task, description=title)
            act()
            progress.advance(task)
            scene.say(title)


def _write_roll(scene: Any) -> None:
    from weijing.demo import stage

    stage.draw_people(scene)
    scene.roll = stage.write_roll(scene)


def _doctor(scene: Any) -> int:
    try:
        scene.run("doctor", "--deep")
    except StepFailed as failed:
        scene.say(str(failed))
        return 1
    return 0


def _print(figures: list[Any], out: Console) -> None:
    table = Table("核对", "微警", "实情", "", box=None, pad_edge=False)
    for figure in figures:
        mark = "[green]✓[/]" if figure.agrees else "[red]✗[/]"
        table.add_row(figure.name, _short(figure.ours), _short(figure.truth), mark)
    out.print(table)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{len(value)} 项"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _serve(scene: Any, facts: dict[str, str], out: Console) -> None:
    """Until Ctrl-C. A process that ends by itself is said."""
    table = Table("账号", "密码", "身份", box=None, pad_edge=False)
    from weijing.demo.stage import STAFF

    for username, _name, _role, title in STAFF:
        table.add_row(username, scene.passwords[username], title)
    out.print(f"\n[bold]微警演示县已就绪[/]：{scene.web}/")
    out.print(table)
    out.print("民辅警、派出所：在登录页点「用企业微信登录」，选一个人（mj0001 是所长兼民辅警）")
    out.print(f"企业微信模拟器（看民辅警和群众的手机）：{facts['page_url']}")
    out.print("按 Ctrl-C 结束。")
    said: set[str] = set()
    while True:
        time.sleep(1)
        for name in set(scene.processes.ended()) - said:
            said.add(name)
            out.print(f"[red]{name} 停了：[/]\n{scene.processes.last_lines(name)}")
