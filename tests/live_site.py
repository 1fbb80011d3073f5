"""The tests' site behind a real socket, in threads of this process: settings that a test changes hold for it too."""

from __future__ import annotations

import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.handlers.wsgi import WSGIHandler


class LiveSite(ThreadingMixIn, WSGIServer):
    """Listens on loopback at ``port``; a context manager."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), QuietHandler)
        self._thread = threading.Thread(target=self.serve)

    def serve(self):
        """Without end, in this thread."""
        self.set_app(WSGIHandler())
        self.serve_forever(poll_interval=0.05)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()


class QuietHandler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]  # no look-up of a name

    def log_message(self, *args):
        pass
