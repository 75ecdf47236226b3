"""Starting the simulator, and pointing everyone at it. No Django: it comes before the settings."""

import json
from pathlib import Path

from weijing.demo.processes import Processes


def start(processes: Processes, var: Path, seed: int) -> dict[str, str]:
    """The simulator, and the environment that points everyone at it."""
    # Limits ten times as wide: the demo does in minutes what a county does in a day.
    line = processes.start(
        "simulator", "simulator", "--json", "--port", "0", "--seed", str(seed),
        "--data-dir", str(var / "wecom"), "--scale-limits", "10",
        first_line=True,
    )  # fmt: skip
    facts = {name: str(value) for name, value in json.loads(line).items()}
    processes.environment |= {
        "WEIJING_WECOM_BASE_URL": facts["base_url"],
        "WEIJING_WECOM_AUTHORIZE_URL": facts["authorize_url"],
        "WEIJING_WECOM_QR_URL": facts["qr_login_url"],
        "WEIJING_WECOM_CORPID": facts["corpid"],
        "WEIJING_WECOM_AGENTID": facts["agentid"],
        "WEIJING_WECOM_SECRET": facts["secret"],
        "WEIJING_WECOM_TOKEN": facts["token"],
        "WEIJING_WECOM_ENCODING_AES_KEY": facts["encoding_aes_key"],
        "WEIJING_WECOM_CALLS_PER_MINUTE": "70000",
        "WEIJING_WECOM_CALLS_PER_HOUR": "1050000",
        # The simulator's list lags by nothing; a real corp keeps the ten minutes of the default.
        "WEIJING_WECOM_TIMEOUT_SECONDS": "5",
        "WEIJING_WECOM_LIST_LAG_SECONDS": "2",
    }
    facts["sms_admin_url"] = _start_gateway(processes)
    return facts


def _start_gateway(processes: Processes) -> str:
    """The second way of emergencies, a simulator as well; its admin address."""
    line = processes.start("sms", "sms-simulator", "--json", "--port", "0", first_line=True)
    gateway = json.loads(line)
    processes.environment |= {
        "WEIJING_SMS_BASE_URL": gateway["base_url"],
        "WEIJING_SMS_SECRET": gateway["secret"],
    }
    return str(gateway["admin_url"])
