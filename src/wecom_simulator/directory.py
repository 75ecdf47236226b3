"""Who works here, and whom an app may see (可见范围)."""

import json
import sqlite3

from wecom_simulator.store import Store


class Directory:
    """Departments and members, with what follows from them kept until either changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._visible: dict[int, frozenset[int]] = {}
        self._departments: dict[int, frozenset[int]] = {}
        self._members: dict[str, sqlite3.Row] = {}

    def forget(self) -> None:
        """Call after any change of departments, members or scopes."""
        self._visible.clear()
        self._departments.clear()
        self._members.clear()

    def below(self, roots: set[int]) -> frozenset[int]:
        """Those departments and all under them, as far as they exist."""
        children: dict[int, list[int]] = {}
        known = set()
        for row in self._store.all("SELECT id, parentid FROM department"):
            children.setdefault(row["parentid"], []).append(row["id"])
            known.add(row["id"])
        found: set[int] = set()
        waiting = [root for root in roots if root in known]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(children.get(one, ()))
        return frozenset(found)

    def visible_departments(self, app: sqlite3.Row) -> frozenset[int]:
        agentid = app["agentid"]
        if agentid not in self._departments:
            self._departments[agentid] = self.below(set(json.loads(app["scope_parties"])))
        return self._departments[agentid]

    def visible_members(self, app: sqlite3.Row) -> frozenset[int]:
        """Internal ids of the members in scope."""
        agentid = app["agentid"]
        if agentid not in self._visible:
            departments = self.visible_departments(app)
            named = {userid.lower() for userid in json.loads(app["scope_users"])}
            self._visible[agentid] = frozenset(
                row["id"]
                for row in self._store.all("SELECT id, userid, departments FROM member")
                if row["userid"].lower() in named
                or not departments.isdisjoint(json.loads(row["departments"]))
            )
        return self._visible[agentid]

    def member(self, userid: str) -> sqlite3.Row | None:
        """By userid in any case."""
        if not self._members:
            rows = self._store.all("SELECT * FROM member")
            self._members = {row["userid"].lower(): row for row in rows}
        return self._members.get(userid.lower())

    def members_in(self, departments: frozenset[int] | set[int]) -> list[sqlite3.Row]:
        return [
            row
            for row in self._store.all("SELECT * FROM member ORDER BY id")
            if not departments.isdisjoint(json.loads(row["departments"]))
        ]
