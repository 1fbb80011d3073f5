"""The secrets file as frozen objects. The public names; each is at home in the module it comes from."""

from __future__ import annotations

from .callback_path import callback_path_problem
from .loading import configuration, configuration_mistakes, forget_configuration
from .model import Configuration, Provider

__all__ = [
    "Configuration",
    "Provider",
    "callback_path_problem",
    "configuration",
    "configuration_mistakes",
    "forget_configuration",
]
