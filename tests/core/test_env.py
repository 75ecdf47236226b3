"""Missing or wrong configuration stops the start with the variable's name and an example."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def weijing(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("WEIJING_", "DATABASE_URL"))}
    clean.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "weijing", *arguments],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def var(tmp_path):
    assert weijing("init", WEIJING_VAR=str(tmp_path)).returncode == 0
    return str(tmp_path)


NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def test_without_a_secrets_file_it_says_how_to_make_one(tmp_path):
    run = weijing("web", WEIJING_VAR=str(tmp_path), DATABASE_URL=NOWHERE)
    assert run.returncode != 0
    assert "WEIJING_SECRETS_FILE" in run.stderr
    assert "weijing init" in run.stderr


def test_without_a_database_it_names_the_variable(var):
    run = weijing("web", WEIJING_VAR=var)
    assert run.returncode != 0
    assert "DATABASE_URL=postgresql://" in run.stderr
    assert "weijing db up" in run.stderr


@pytest.mark.parametrize("process", ["web", "worker"])
def test_without_wecom_it_names_the_missing_variable(var, process):
    run = weijing(process, WEIJING_VAR=var, DATABASE_URL=NOWHERE)
    assert run.returncode != 0
    assert "WEIJING_WECOM_CORPID: not set" in run.stderr
    assert "for example: WEIJING_WECOM_CORPID=ww" in run.stderr


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("WEIJING_WECOM_ENCODING_AES_KEY", "short"),
        ("WEIJING_WECOM_BASE_URL", "qyapi.weixin.qq.com"),
        ("WEIJING_WECOM_AGENTID", "one"),
        ("WEIJING_WECOM_TIMEOUT_SECONDS", "0"),
        ("WEIJING_COUNTY", "隆回"),
        ("WEIJING_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(var, variable, wrong):
    run = weijing("web", WEIJING_VAR=var, DATABASE_URL=NOWHERE, **{variable: wrong})
    assert run.returncode != 0
    assert f"weijing: {variable}:" in run.stderr
    assert f"for example: {variable}=" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_secrets_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "secrets.json").write_text("{}")
    run = weijing("web", WEIJING_VAR=str(tmp_path), DATABASE_URL=NOWHERE)
    assert "not a secrets file" in run.stderr
    assert "Traceback" not in run.stderr


def test_init_never_overwrites_keys(var):
    before = Path(var, "secrets.json").read_text()
    again = weijing("init", WEIJING_VAR=var)
    assert "left as it is" in again.stdout
    assert Path(var, "secrets.json").read_text() == before
    assert os.stat(f"{var}/secrets.json").st_mode & 0o077 == 0
