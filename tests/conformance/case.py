"""What a case is: where it comes from, what happens, and how it has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# In a case, this stands for the hostile provider's host and port, which differ from run to run.
HOST = "op.example"
URL = f"http://{HOST}"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A login that ends on our error page: its code, and what the log says beside it."""

    code: str
    detail: str
    stage: str = ""  # where it is not the usual one of its code


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A login that ends with the hostile provider's person logged in; ``claims`` are among theirs.

    ``lands_on``: the page of the site to which it leads, and its status. ``refusals``: how many others are turned
    away meanwhile.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    lands_on: str = "/"
    status: int = 200
    refusals: int = 0


@dataclass(frozen=True, kw_only=True)
class Nobody:
    """A cookie that the site does not take for anybody's, and what the log says of it, if anything."""

    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """A request that is answered, and neither logs anybody in nor out."""

    status: int
    page: str = ""


Outcome = Refused | Accepted | Nobody | Unchanged


@dataclass(frozen=True, kw_only=True)
class Case:
    """``act`` gets the World. It makes the provider misbehave, and leaves the login to the test; or it goes
    through the login itself, and returns the last answer."""

    source: str
    what: str
    outcome: Outcome
    act: Callable[[Any], Any]

    @property
    def name(self) -> str:
        return self.act.__name__.replace("_", "-")


class Section:
    """The cases of one subject, in the order of the file."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.cases: list[Case] = []

    def refused(self, source: str, what: str, code: str, detail: str, stage: str = "") -> Callable[..., Any]:
        return self._case(source, what, Refused(code=code, detail=detail, stage=stage))

    def accepted(self, source: str, what: str, **outcome: Any) -> Callable[..., Any]:
        return self._case(source, what, Accepted(**outcome))

    def nobody(self, source: str, what: str, detail: str = "") -> Callable[..., Any]:
        return self._case(source, what, Nobody(detail=detail))

    def unchanged(self, source: str, what: str, status: int, page: str = "") -> Callable[..., Any]:
        return self._case(source, what, Unchanged(status=status, page=page))

    def _case(self, source: str, what: str, outcome: Outcome) -> Callable[..., Any]:
        def add(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
            case = Case(source=source, what=what, outcome=outcome, act=act)
            self.cases.append(case)
            return act

        return add
