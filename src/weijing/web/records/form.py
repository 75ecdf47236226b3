"""One act on a person's record: what is filled in, and what is done with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.models import Resident
from weijing.residents.record import changing


@dataclass(frozen=True)
class Acting:
    """Who acts on whom, and when."""

    person: Resident
    by: Officer
    scope: Scope
    at: datetime

    @property
    def county_id(self) -> int:
        return self.scope.county_id

    def use_case(self) -> dict[str, Any]:
        """The arguments that every use case takes."""
        return {"by": self.by, "scope": self.scope, "at": self.at}


class ActForm(forms.Form):
    """`seen` is the version of the record when the form was opened: see `residents.changing`."""

    title: ClassVar[str] = ""
    button: ClassVar[str] = "保存"
    says: ClassVar[str] = ""  # what follows, above the fields
    is_grave: ClassVar[bool] = False
    looks: ClassVar[dict[str, str]] = {}
    optional: ClassVar[tuple[str, ...]] = ()

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, acting: Acting, data: Any = None, *, initial: Any = None) -> None:
        self.acting, self.person = acting, acting.person
        known = self.known() if initial is None else initial
        super().__init__(
            data, initial={"seen": changing.version(acting.person), **known}, auto_id="%s"
        )
        self.prepare()

    def known(self) -> dict[str, Any]:
        """What the record says now, to begin with."""
        return {}

    def prepare(self) -> None:
        """Fill in choices that depend on the person."""

    def typed(self, name: str) -> str:
        """What stands in a field now, checked or not."""
        return str(self[name].value() or "").replace("\x00", "").strip()

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def shown(self) -> list[tuple[BoundField, str, bool]]:
        """Fields, with their look and whether they may stay empty, in the order they are asked."""
        return [
            (self[name], self.looks.get(name, "list"), name in self.optional)
            for name in self.fields
            if not self[name].is_hidden and name not in self.apart()
        ]

    def apart(self) -> tuple[str, ...]:
        """Fields that the template draws itself."""
        return ()

    def save(self) -> str:
        """Do it. Returns what was done, in Chinese, with a warning after a line feed if any.

        Raises `DomainError`.
        """
        raise NotImplementedError
