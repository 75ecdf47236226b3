"""access_token: given out, checked, rotated (docs 91039, 90313)."""

import json
import sqlite3

from wecom_simulator.calls import JSON, Call, api
from wecom_simulator.refusals import Refused
from wecom_simulator.world import World


@api("gettoken", open=True)
def gettoken(call: Call) -> JSON:
    """The same token while seconds are left, without more of them; a new one after."""
    world = call.world
    now = world.now()
    current = world.store.one(
        "SELECT token, expires_at FROM access_token WHERE agentid = ? AND expires_at > ? "
        "AND issued_at <= ? AND NOT superseded AND NOT revoked ORDER BY issued_at DESC LIMIT 1",
        call.agentid,
        now,
        now,  # a clock that was set back must not hand out tokens of the future
    )
    if current is not None:
        return {"access_token": current["token"], "expires_in": int(current["expires_at"] - now)}
    token = world.mint("", 214)
    world.store.run("DELETE FROM access_token WHERE expires_at < ?", now - 86_400)
    world.store.run(
        "INSERT INTO access_token (token, agentid, issued_at, expires_at) VALUES (?,?,?,?)",
        token,
        call.agentid,
        now,
        now + world.settings.token_seconds,
    )
    return {"access_token": token, "expires_in": world.settings.token_seconds}


@api("get_api_domain_ip", contact_sync=True, empty={"ip_list": []})
def get_api_domain_ip(call: Call) -> JSON:
    return {"ip_list": ["127.0.0.1", "182.254.11.176"]}


@api("getcallbackip", contact_sync=True, empty={"ip_list": []})
def getcallbackip(call: Call) -> JSON:
    return {"ip_list": ["127.0.0.1", "101.226.103.0/25"]}


def app_for(world: World, query: dict[str, str], *, ip: str, login: bool) -> sqlite3.Row:
    """The app that calls, by its secret (`login`) or by its token.

    Raises `Refused`: 41001, 40014, 42001 for tokens; 41002, 41004, 40013, 40001 (private: 40091)
    for secrets; 50003, 60020.
    """
    app = _by_secret(world, query, ip) if login else _by_token(world, query)
    if not app["enabled"]:
        raise Refused(50003)
    trusted = json.loads(app["trusted_ips"])
    if trusted and ip not in trusted:
        raise Refused(60020)
    return app


def rotate(world: World, agentid: int, *, keep_old: bool) -> None:
    """End the current token early. Kept, it still works but is not given out again."""
    world.store.run(
        "UPDATE access_token SET superseded = 1, revoked = ? WHERE agentid = ? AND NOT superseded",
        int(not keep_old),
        agentid,
    )


def expire(world: World, agentid: int) -> None:
    """Let every token of the app be past its time: 42001."""
    world.store.run(
        "UPDATE access_token SET expires_at = min(expires_at, ?) WHERE agentid = ?",
        world.now() - 1,
        agentid,
    )


def _by_secret(world: World, query: dict[str, str], ip: str) -> sqlite3.Row:
    corpid, secret = query.get("corpid", ""), query.get("corpsecret", "")
    if not corpid:
        raise Refused(41002)
    if not secret:
        raise Refused(41004)
    if corpid != world.corp.corpid:
        raise Refused(40013)
    app = world.store.one("SELECT * FROM app WHERE secret = ?", secret)
    if app is None:
        world.limits.note_wrong_secret(
            ip,
            until_lock_out=world.settings.wrong_secrets_until_lock_out,
            seconds=world.settings.lock_out_seconds,
            now=world.now(),
        )
        raise Refused(40091 if world.private else 40001)
    return app


def _by_token(world: World, query: dict[str, str]) -> sqlite3.Row:
    token = query.get("access_token", "")
    if not token:
        raise Refused(41001)
    found = world.store.one("SELECT * FROM access_token WHERE token = ?", token)
    if found is None or found["revoked"]:
        raise Refused(40014)
    if found["expires_at"] <= world.now():
        raise Refused(42001)
    _count_towards_rotation(world, found)
    return world.app(found["agentid"])


def _count_towards_rotation(world: World, token: sqlite3.Row) -> None:
    after = world.settings.rotate_token_after_calls
    if not after:
        return
    used = world.token_uses[token["token"]] = world.token_uses[token["token"]] + 1
    if used > after:
        rotate(world, token["agentid"], keep_old=False)
        world.store.commit()  # the refusal rolls back everything else
        raise Refused(40014)
