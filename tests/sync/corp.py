"""A small corp in the simulator, and questions about what is true in it."""

from typing import Any

from tests.wecom_simulator.running import Simulator
from weijing.accounts.models import Officer
from weijing.residents.models import Contact

Pair = tuple[str, str]
LISTED = ("mutual", "deleted_by_customer")  # what WeCom's API shows


class Corp:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def found(
        self, *, officers: int = 3, contacts: int = 0, department: str = "小沙江派出所"
    ) -> None:
        """One station with officers p1, p2, … who share so many new contacts."""
        self.department(2, department)
        for number in range(1, officers + 1):
            self.member(f"p{number}", department=[2])
        if contacts:
            self.simulator.admin("generate", relations=contacts)

    def department(self, id: int, name: str, parentid: int = 1) -> None:
        self.simulator.admin(
            "departments", departments=[{"id": id, "name": name, "parentid": parentid}]
        )

    def member(self, userid: str, **more: Any) -> None:
        self.simulator.admin("members", members=[{"userid": userid, "name": f"阳{userid}", **more}])

    def friend(self, userid: str, **more: Any) -> str:
        return self.simulator.friend(userid, **more)

    def act(self, what: str, **fields: Any) -> dict[str, Any]:
        return self.simulator.admin(f"acts/{what}", **fields)

    def truth(self) -> dict[Pair, dict[str, Any]]:
        """Every pair that WeCom's API shows."""
        found: dict[Pair, dict[str, Any]] = {}
        cursor = ""
        while True:
            path = f"relations?cursor={cursor}&limit=10000" if cursor else "relations?limit=10000"
            page = self.simulator.truth(path)
            for row in page["relations"]:
                if row["status"] in LISTED:
                    found[row["userid"], row["external_userid"]] = row
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def tag(self, *names: str, group: str = "职业") -> dict[str, str]:
        made = self.act("tags", create={"group_name": group, "tags": list(names)})
        tags: dict[str, str] = made["tags"]
        return tags


def mirror(county_id: int) -> dict[Pair, dict[str, Any]]:
    """What we hold of every pair that WeCom would show, in the words of `Corp.truth`."""
    states = (Contact.State.LINKED, Contact.State.REMOVED_BY_RESIDENT)
    rows = Contact.objects.filter(county_id=county_id, state__in=states)
    return {
        (row.officer.wecom_userid, row.identity.external_userid): {
            "name": row.identity.nickname,
            "remark": row.remark,
            "description": row.description,
            "remark_mobiles": _mobiles(row),
            "add_way": row.add_way,
            "state": row.way_state,
            "createtime": int(row.added_at.timestamp()),
            "tags": row.wecom_tag_ids,
        }
        for row in rows.select_related("officer", "identity")
    }


def _mobiles(contact: Contact) -> list[str]:
    import json

    text = contact.remark_mobiles_text
    return json.loads(text) if text else []


def assert_equal(county_id: int, corp: Corp) -> None:
    """Every pair, and everything about it."""
    ours, theirs = mirror(county_id), corp.truth()
    assert ours.keys() == theirs.keys()
    for pair, row in ours.items():
        assert row == {name: theirs[pair][name] for name in row}


def state_of(userid: str, external_userid: str) -> str:
    contact = Contact.objects.get(
        officer=Officer.objects.get(wecom_userid__iexact=userid),
        identity__external_userid=external_userid,
    )
    return contact.state
