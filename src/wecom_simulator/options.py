"""What the command line decides, and credentials that are made once and then kept."""

import argparse
import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from wecom_simulator.store import Store


@dataclass
class Options:
    host: str
    port: int
    data_dir: Path
    seed: int
    clock: str | None
    json: bool
    callback_url: str
    scale_limits: float | None
    profile: str
    corpid: str
    agentid: int | None
    secret: str
    token: str
    encoding_aes_key: str


@dataclass(frozen=True)
class Corp:
    corpid: str
    agentid: int  # the app that exists from the start
    secret: str
    token: str
    encoding_aes_key: str
    contact_sync_secret: str  # of 通讯录同步, which is no app


def parsed(argv: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="wecom_simulator", description="A WeCom to develop, demonstrate and drill against."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8010, help="0 takes a free one (default %(default)s)")
    add(
        "--data-dir", type=Path, default=Path("var/wecom-simulator"), help="where its state is kept"
    )
    add("--seed", type=int, default=1)
    add("--clock", help="real, or frozen=2026-11-02T08:30 (default: as it was left)")
    add(
        "--json",
        action="store_true",
        help="first line: one JSON object with all that a client needs",
    )
    add("--callback-url", default="", help="of the first app; not verified at the start")
    add("--scale-limits", type=float, help="multiply every frequency limit; 0 lifts them")
    add("--profile", choices=("saas", "private"), default="saas")
    add("--corpid", default="")
    add("--agentid", type=int)
    add("--secret", default="")
    add("--token", default="")
    add("--encoding-aes-key", default="")
    return Options(**vars(parser.parse_args(argv)))


def corp_of(store: Store, options: Options) -> Corp:
    """Given on the command line, else as kept, else drawn from the seed; kept from now on."""
    drawn = hashlib.sha512(f"wecom_simulator corp {options.seed}".encode()).digest()
    letters = base64.b64encode(drawn).decode().translate(str.maketrans("", "", "+/="))
    key = base64.b64encode(hashlib.sha256(drawn).digest()).decode().rstrip("=")
    key = key.replace("+", "p").replace("/", "s")
    wanted = {
        "corpid": (options.corpid, "ww" + drawn.hex()[:16]),
        "agentid": (str(options.agentid or ""), "1000002"),
        "secret": (options.secret, letters[:43]),
        "token": (options.token, letters[43:67]),
        "encoding_aes_key": (options.encoding_aes_key, key),
        "contact_sync_secret": ("", hashlib.sha256(drawn + b"contacts").hexdigest()[:43]),
    }
    kept = {name: given or store.meta(name) or default for name, (given, default) in wanted.items()}
    for name, value in kept.items():
        store.set_meta(name, value)
    return Corp(
        kept["corpid"],
        int(kept["agentid"]),
        kept["secret"],
        kept["token"],
        kept["encoding_aes_key"],
        kept["contact_sync_secret"],
    )
