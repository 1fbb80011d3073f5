"""A rule that is a function of the project's own."""

from __future__ import annotations

import pkgutil
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import iscoroutine, unwrap
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..conf import conf
from ..exceptions import ConfigurationError, RuleFailed
from ..wording import quoted


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """The dotted ``path`` of a function that takes the claims, and returns True for whom the rule means."""

    path: str
    key: str
    """Where the rule stands in the provider's table, for messages."""

    @property
    def claim_names(self) -> frozenset[str]:
        return frozenset()

    @property
    def text(self) -> str:
        return f"{{ function = {quoted(self.path)} }}"

    def resolve(self) -> Callable[[Mapping[str, Any]], Any]:
        """The function. Raises ConfigurationError: a rule that nobody can ask must not look like a no."""
        try:
            function = _resolve(self.path)
        except Exception as error:  # a module may fail in any way while it is imported
            raise ConfigurationError(f"{self._named}, which cannot be imported: {error}") from error
        if not callable(function):
            raise ConfigurationError(f"{self._named}, which is no function.")
        return function  # type: ignore[no-any-return]  # whatever a project has there

    def matches(self, claims: Mapping[str, Any]) -> bool:
        """What the function says. Raises RuleFailed unless that is True or False."""
        try:
            function = self.resolve()
        except ConfigurationError as error:
            raise RuleFailed(str(error)) from error
        try:
            answer = function(MappingProxyType(dict(claims)))
        except Exception as error:  # an AttributeError, which templates and we ourselves read otherwise, too
            # Its text may quote a claim: it is for a developer alone.
            where = _where(error, function)
            failure = RuleFailed(f"{self._named}, which raised {type(error).__name__}{where}.")
            raise failure from (error if conf.DEBUG else None)
        if answer is True or answer is False:
            return answer
        if iscoroutine(answer):
            answer.close()
        raise RuleFailed(
            f"{self._named}, which returned an object of type {type(answer).__name__}. It is a plain function "
            "(def), and returns True or False."
        )

    def obstacles(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    @property
    def _named(self) -> str:
        return f"{self.key} in the secrets file names the function {quoted(self.path)}"


def _where(error: Exception, function: Callable[..., Any]) -> str:
    """The line of the function, without its decorators; nothing for what is not written in Python."""
    code, line = getattr(unwrap(function), "__code__", None), ""
    for frame in traceback.extract_tb(error.__traceback__):
        if code is not None and (frame.filename, frame.name) == (code.co_filename, code.co_name):
            line = f" in line {frame.lineno} of {Path(frame.filename).name}"
    return line


@cache
def _resolve(path: str) -> Any:
    return pkgutil.resolve_name(path)
