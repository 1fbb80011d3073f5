"""The configuration, for checks that need a right one."""

from __future__ import annotations

from ..providers import Configuration, configuration, configuration_mistakes


def known_configuration() -> Configuration:
    """The configuration, or an empty one where it is wrong: that is `check_configuration`'s to say."""
    return Configuration() if configuration_mistakes() else configuration()
