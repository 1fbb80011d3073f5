"""Who may log in, and who has which role: the rules ``allow``, ``admins`` and ``roles`` of a provider.

A rule is a list, and one matching entry is enough:

* a string is an e-mail address, or ``*@domain`` for all addresses of exactly that domain. It counts
  only when the provider vouches for the address (``email_verified``, OpenID Connect Core 1.0
  section 5.1);
* a table matches when every claim that it names has one of the values that it lists.

Or it is the project's own function. Knows no request and no provider. The public names; each is at home in the
module it comes from.
"""

from __future__ import annotations

from .entries import ClaimsEntry, EmailEntry, is_vouched_for, split_email
from .functions import FunctionEntry
from .incomplete import incomplete
from .mistakes import RuleMistake
from .model import Reason, Rule, Rules
from .parsing import ADMIN, parse_rules

__all__ = [
    "ADMIN",
    "ClaimsEntry",
    "EmailEntry",
    "FunctionEntry",
    "Reason",
    "Rule",
    "RuleMistake",
    "Rules",
    "incomplete",
    "is_vouched_for",
    "parse_rules",
    "split_email",
]
