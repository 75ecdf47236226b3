import time
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from tests.sync.corp import Corp, assert_equal
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.core import clock, env
from weijing.sync.commands import sync
from weijing.sync.models import BehaviourDay
from weijing.territory.models import County


def run(*arguments: str) -> Result:
    return CliRunner().invoke(sync, [*arguments], env={"COLUMNS": "160"})


@pytest.fixture
def filled(county: County, corp: Corp, wecom: WeCom, simulator: Simulator) -> Corp:
    simulator.admin("clock", real=True, set=time.time())
    corp.found(officers=2, contacts=120)
    return corp


def test_all_reads_everything_and_status_tells(filled: Corp, county: County) -> None:
    done = run("all")

    assert done.exit_code == 0, done.output
    assert "officers: 2 new" in done.output
    assert "120 contacts of 2 officers read" in done.output
    assert_equal(county.pk, filled)
    status = run("status")
    assert status.exit_code == 0
    assert "组织架构" in status.output and "待刷新的好友: 0" in status.output


def test_one_officer_alone_can_be_read(filled: Corp, county: County) -> None:
    run("departments")

    done = run("contacts", "--officer", "p1")

    assert "60 contacts of 1 officers" in done.output


def test_figures_are_read_again_from_a_day_on(filled: Corp) -> None:
    run("departments")
    since = clock.today() - timedelta(days=3)

    done = run("behaviour", "--since", f"{since}")

    assert done.exit_code == 0, done.output
    assert BehaviourDay.objects.order_by("day")[0].day == since


def test_wecoms_refusal_is_one_line(filled: Corp, simulator: Simulator) -> None:
    simulator.admin("faults", api="*", kind="errcode", errcode=60020, times=None)

    done = run("departments")

    assert done.exit_code == 1
    assert "60020" in done.output and "Traceback" not in done.output


def test_an_unknown_county_is_named(county: County) -> None:
    done = run("--county", "110101", "status")

    assert done.exit_code == 1
    assert "110101" in done.output


def test_what_is_not_configured_is_named(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env.environment(), "wecom_secret", "")

    done = run("departments")

    assert "WEIJING_WECOM" in str(done.exception or done.output)
