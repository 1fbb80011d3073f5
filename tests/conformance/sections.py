"""All sections, in the order of the page."""

from __future__ import annotations

from tests.conformance.callback_cases import begin, callback
from tests.conformance.cookie_cases import cookies
from tests.conformance.discovery_cases import discovery
from tests.conformance.id_token_cases import id_token
from tests.conformance.key_cases import keys
from tests.conformance.logout_cases import backchannel, logout
from tests.conformance.token_cases import token, userinfo

SECTIONS = [discovery, begin, callback, token, id_token, keys, userinfo, cookies, logout, backchannel]
CASES = [case for section in SECTIONS for case in section.cases]
