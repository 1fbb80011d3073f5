"""What was told of a login: every log record of every logger, and Django's error mails, decoded."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from urllib.parse import unquote

import django
from django.core import mail
from django.test import override_settings
from django.utils.log import AdminEmailHandler

# What the test's own browser logs of its requests to the provider is the browser's. Ours run in the site's threads.
BROWSERS = "urllib3.connectionpool"


class Records(logging.Handler):
    """Every record of every logger, with all that hangs on it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        if record.name == BROWSERS and not _is_of_the_site(record):
            return
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.lines.append(f"{record.name} {record.getMessage()} {record.args!r} {trace}")


def _is_of_the_site(record):
    return "process_request_thread" in (record.threadName or "")


@contextmanager
def everything_told(*, html=True):
    """Within it all is logged, and errors are mailed. Gives the Records.

    ``html``: with Django's long report too, of the same as the short one, which takes a tenth of a second.
    """
    address = "root@example.org"
    admins = [address] if django.VERSION >= (6,) else [("Root", address)]
    records, mailer = Records(), AdminEmailHandler(include_html=html)
    mailer.setLevel(logging.ERROR)
    root, logger = logging.getLogger(), logging.getLogger("django")
    level = root.level
    root.addHandler(records)
    root.setLevel(logging.DEBUG)
    logger.addHandler(mailer)
    try:
        with override_settings(ADMINS=admins):
            yield records
    finally:
        logger.removeHandler(mailer)
        root.removeHandler(records)
        root.setLevel(level)


def mailed():
    """Every part of every mail."""
    return [
        part
        for message in mail.outbox
        for part in (message.body, *(text for text, _ in message.alternatives))
    ]


def assert_untold(text, known):
    """None of the ``known`` secrets stands in it, encoded or not."""
    assert not [value for value in known if value in text or value in unquote(text)]
