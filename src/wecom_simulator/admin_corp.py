"""Admin calls about the corp itself: apps, clock, settings, faults, tokens, callbacks, counters."""

import json
from dataclasses import asdict
from typing import Any

from wecom_simulator import tokens
from wecom_simulator.admin import JSON, NotFound, Order, admin
from wecom_simulator.clock import iso, moment

APP_LISTS = ("scope_parties", "scope_users", "trusted_ips", "trusted_domains", "ticks")
APP_FLAGS = ("enabled", "callable", "since_2022")
APP_TEXTS = ("name", "secret", "callback_url", "token", "encoding_aes_key")


@admin("GET", "status")
def status(order: Order) -> JSON:
    world = order.world
    return {
        "clock": _clock(order),
        "profile": world.options.profile,
        "settings": asdict(world.settings),
        "callbacks": _callbacks(order),
        "faults": world.faults.shown(),
        "blocked": dict(world.limits.shown()),
    }


@admin("GET", "clock")
def clock(order: Order) -> JSON:
    return _clock(order)


@admin("POST", "clock")
def change_clock(order: Order) -> JSON:
    """One or more of: real (true), freeze (true, ISO), set (ISO, seconds), advance (seconds)."""
    clock = order.world.clock
    if order.get("real"):
        clock.run()
    if freeze := order.get("freeze"):
        clock.freeze(None if freeze is True else _seconds(freeze))
    if (at := order.get("set")) is not None:
        clock.set(_seconds(at))
    if (seconds := order.get("advance")) is not None:
        clock.advance(float(seconds))
    return _clock(order)


@admin("GET", "settings")
def settings(order: Order) -> JSON:
    return asdict(order.world.settings)


@admin("POST", "settings")
def change_settings(order: Order) -> JSON:
    order.world.change_settings(order.body)
    return asdict(order.world.settings)


@admin("GET", "apps")
def apps(order: Order) -> JSON:
    rows = order.world.store.all("SELECT * FROM app ORDER BY agentid")
    return {"apps": [_app(dict(row)) for row in rows]}


@admin("POST", "apps")
def make_app(order: Order) -> JSON:
    """A new app; what is not given is drawn. Answers the whole app, secret included."""
    world = order.world
    agentid = int(order.get("agentid") or world.store.value("SELECT max(agentid) + 1 FROM app"))
    world.store.run(
        "INSERT INTO app (agentid, name, secret, token, encoding_aes_key) VALUES (?,?,?,?,?)",
        agentid,
        "应用",
        world.mint("", 43),
        world.mint("", 24),
        world.mint("", 42) + "A",
    )
    return _change_app(order, agentid)


@admin("POST", "apps/{agentid:int}")
def change_app(order: Order) -> JSON:
    return _change_app(order, order.path["agentid"])


@admin("POST", "apps/{agentid:int}/callback")
async def configure_callback(order: Order) -> JSON:
    """Set url, token, encoding_aes_key as in the console: the URL is verified by a GET first.

    `verify: false` skips that. A URL that fails leaves the old configuration.
    """
    world = order.world
    agentid = order.path["agentid"]
    before = _existing(order, agentid)
    wanted = {
        "callback_url": order.need("url"),
        "token": order.get("token", before["token"]),
        "encoding_aes_key": order.get("encoding_aes_key", before["encoding_aes_key"]),
    }
    _write_app(order, agentid, wanted)
    if order.get("verify", True):
        world.commit()
        if wrong := await world.outbox.verified(agentid):
            _write_app(order, agentid, {name: before[name] for name in wanted})
            world.commit()
            raise ValueError(f"callback URL refused: {wrong}")
    return _app(dict(_existing(order, agentid)))


@admin("GET", "faults")
def faults(order: Order) -> JSON:
    return {"faults": order.world.faults.shown()}


@admin("POST", "faults")
def plan_fault(order: Order) -> JSON:
    """One fault, or `{"faults": [...], "seed": n}`."""
    if "seed" in order.body:
        order.world.faults.reseed(str(order.body["seed"]))
    for wanted in order.body.get("faults", [order.body] if "api" in order.body else []):
        order.world.faults.add({k: v for k, v in wanted.items() if k not in ("seed", "hits")})
    return {"faults": order.world.faults.shown()}


@admin("DELETE", "faults")
def clear_faults(order: Order) -> JSON:
    order.world.faults.clear()
    return {"faults": []}


@admin("POST", "tokens/rotate")
def rotate_token(order: Order) -> JSON:
    agentid = int(order.get("agentid", order.world.corp.agentid))
    tokens.rotate(order.world, agentid, keep_old=bool(order.get("keep_old", False)))
    return {}


@admin("POST", "tokens/expire")
def expire_token(order: Order) -> JSON:
    tokens.expire(order.world, int(order.get("agentid", order.world.corp.agentid)))
    return {}


@admin("POST", "limits/reset")
def reset_limits(order: Order) -> JSON:
    order.world.limits.reset()
    return {}


@admin("GET", "calls")
def calls(order: Order) -> JSON:
    """Per API: how often answered with which errcode since the start (-500: HTTP faults)."""
    found: dict[str, dict[str, int]] = {}
    for (api, errcode), times in sorted(order.world.calls.items()):
        found.setdefault(api, {})[str(errcode)] = times
    return {"calls": found}


@admin("DELETE", "calls")
def forget_calls(order: Order) -> JSON:
    order.world.calls.clear()
    return {}


@admin("GET", "callbacks")
def callbacks(order: Order) -> JSON:
    return _callbacks(order)


@admin("POST", "callbacks/drain")
async def drain(order: Order) -> JSON:
    """Wait until nothing is on its way, at most timeout_seconds (30)."""
    order.world.commit()
    empty = await order.world.outbox.drained(float(order.get("timeout_seconds", 30)))
    return {"empty": empty, **_callbacks(order)}


@admin("POST", "callbacks/reset")
def reset_callbacks(order: Order) -> JSON:
    order.world.outbox.counts.clear()
    return _callbacks(order)


def _clock(order: Order) -> JSON:
    clock = order.world.clock
    return {"now": clock.now(), "iso": iso(clock.now()), "frozen": clock.frozen_at is not None}


def _seconds(at: Any) -> float:
    return moment(at) if isinstance(at, str) else float(at)


def _callbacks(order: Order) -> JSON:
    outbox = order.world.outbox
    names = ("sent", "acknowledged", "failed", "retried", "dropped", "duplicated")
    return {"pending": outbox.pending, **{name: outbox.counts[name] for name in names}}


def _existing(order: Order, agentid: int) -> Any:
    try:
        return order.world.app(agentid)
    except KeyError as missing:
        raise NotFound(str(missing)) from None


def _change_app(order: Order, agentid: int) -> JSON:
    _existing(order, agentid)
    wanted: JSON = {}
    for name, value in order.body.items():
        if name in APP_LISTS:
            wanted[name] = json.dumps(value)
        elif name in APP_FLAGS:
            wanted[name] = int(bool(value))
        elif name in APP_TEXTS:
            wanted[name] = str(value)
        elif name != "agentid":
            raise ValueError(f"an app has no {name}")
    _write_app(order, agentid, wanted)
    return _app(dict(_existing(order, agentid)))


def _write_app(order: Order, agentid: int, wanted: JSON) -> None:
    for name, value in wanted.items():
        order.world.store.run(f"UPDATE app SET {name} = ? WHERE agentid = ?", value, agentid)  # noqa: S608
    order.world.directory.forget()
    order.world.outbox.forget_apps()


def _app(row: JSON) -> JSON:
    return {
        **row,
        **{name: json.loads(row[name]) for name in APP_LISTS},
        **{name: bool(row[name]) for name in APP_FLAGS},
    }
