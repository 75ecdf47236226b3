"""Departments of the address book (docs 90208, 95350, 95351)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.reading import Json

LIST = Endpoint("GET", "department/list", Capability.ADDRESS_BOOK)
SIMPLELIST = Endpoint("GET", "department/simplelist", Capability.ADDRESS_BOOK)
GET = Endpoint("GET", "department/get", Capability.ADDRESS_BOOK)


@dataclass(frozen=True, slots=True)
class Department:
    id: int
    name: str = ""
    name_en: str = ""
    department_leader: tuple[str, ...] = ()
    parentid: int = 0
    order: int = 0

    @staticmethod
    def read(data: Json) -> Department:
        return Department(
            id=r.number(data, "id"),
            name=r.text(data, "name"),
            name_en=r.text(data, "name_en"),
            department_leader=r.texts(data, "department_leader"),
            parentid=r.number(data, "parentid"),
            order=r.number(data, "order"),
        )


class Departments:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self, id: int | None = None) -> tuple[Department, ...]:
        """The department and all below it; without `id` everything the app may see."""
        return self._caller.call(LIST, _read_list("department"), query=_query(id))

    def simplelist(self, id: int | None = None) -> tuple[Department, ...]:
        """As `list`, but only id, parentid and order: much quicker for WeCom."""
        return self._caller.call(SIMPLELIST, _read_list("department_id"), query=_query(id))

    def get(self, id: int) -> Department:
        return self._caller.call(
            GET, lambda data: Department.read(r.part(data, "department")), query={"id": str(id)}
        )


def _query(id: int | None) -> dict[str, str]:
    return {} if id is None else {"id": str(id)}


def _read_list(name: str) -> Callable[[Json], tuple[Department, ...]]:
    return lambda data: tuple(Department.read(row) for row in r.rows(data, name))
