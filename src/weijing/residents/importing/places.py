"""Which village and group a row means, from names as people write them or from a code."""

from dataclasses import dataclass, field
from functools import cached_property

from weijing.territory.naming import group_name, short_name

NO_PLACE = "没有填村（社区）"
UNKNOWN_TOWNSHIP = "本县没有这个乡镇（街道）"
UNKNOWN_VILLAGE = "没有这个村（社区）"
AMBIGUOUS_VILLAGE = "同名的村不止一个，请填乡镇（街道）"
UNKNOWN_CODE = "没有这个区划代码"
LONG_GROUP = "组名过长"
MAX_GROUP_CHARS = 20


@dataclass(frozen=True)
class Written:
    """What the cells say; all may be empty."""

    township: str = ""
    village: str = ""
    group: str = ""
    code: str = ""


@dataclass(frozen=True)
class Place:
    """A village and, below it, a group by name ("" for none; perhaps not made yet)."""

    village_code: str
    group: str
    township_name: str
    village_name: str

    @property
    def key(self) -> str:
        return f"{self.village_code}/{self.group}"


@dataclass(frozen=True)
class Village:
    code: str
    name: str
    township_name: str


@dataclass(frozen=True)
class Gazetteer:
    """The county's divisions, small enough to be handed to every process."""

    county_name: str
    villages: tuple[Village, ...]
    group_names: dict[str, str] = field(default_factory=dict)  # code → name

    @cached_property
    def _by_code(self) -> dict[str, Village]:
        return {village.code: village for village in self.villages}

    @cached_property
    def _by_name(self) -> dict[str, list[Village]]:
        named: dict[str, list[Village]] = {}
        for village in self.villages:
            for name in {village.name, short_name(village.name)}:
                named.setdefault(name, []).append(village)
        return named

    @cached_property
    def _townships(self) -> dict[str, str]:
        names = {village.township_name for village in self.villages}
        return {**{short_name(name): name for name in names}, **{name: name for name in names}}

    def find(self, written: Written) -> Place | str:
        """The place, or why there is none (Chinese, for the error workbook)."""
        if written.code:
            return self._find_code(written)
        if not written.village:
            return NO_PLACE
        township = self._townships.get(written.township, "")
        if written.township and not township:
            township = self._townships.get(short_name(written.township), "")
            if not township:
                return UNKNOWN_TOWNSHIP
        named = self._by_name.get(written.village) or self._by_name.get(short_name(written.village))
        found = [one for one in named or () if not township or one.township_name == township]
        # 向家村 and 向家社区 have the same short name; the whole name decides between them.
        exact = [one for one in found if one.name == written.village]
        found = exact or found
        if len(found) > 1:
            return AMBIGUOUS_VILLAGE
        return self._place(found[0], written.group) if found else UNKNOWN_VILLAGE

    def _find_code(self, written: Written) -> Place | str:
        village = self._by_code.get(written.code[:12])
        if village is None or len(written.code) not in (12, 15):
            return UNKNOWN_CODE
        if len(written.code) == 12:
            return self._place(village, written.group)
        group = self.group_names.get(written.code, "")
        return self._place(village, group) if group else UNKNOWN_CODE

    def _place(self, village: Village, group: str) -> Place | str:
        name = group_name(group)
        if len(name) > MAX_GROUP_CHARS:
            return LONG_GROUP
        return Place(village.code, name, village.township_name, village.name)
