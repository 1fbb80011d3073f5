"""Redis, Memcached, PostgreSQL, nginx and gunicorn as tests start them: on loopback, in a folder of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import psycopg
import redis

from tests.real_site import ROOT, answers, environment, eventually, free_port

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")  # nginx makes a folder for each as it starts


class Program(ABC):
    """In the foreground, at the same free port each time it is started; a context manager that ends it by its pid."""

    name = ""
    ends_by = signal.SIGTERM
    run_by = None  # who runs the tests

    def __init__(self, folder, port=None):
        self.folder, self.port = folder, port or free_port()
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        log = self.folder / f"{type(self).__name__}-{self.port}.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                cwd=ROOT,
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.run_by,
            )
        try:
            eventually(self.is_up)
        except AssertionError:
            self.stop()
            raise AssertionError(f"{self.name}: {log.read_text(encoding='utf-8')}") from None

    def stop(self):
        if self._process:
            self._process.send_signal(self.ends_by)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
            self._process.kill()  # nothing, where it has ended
            self._process.wait()
        self._process = None

    @abstractmethod
    def command(self):
        """What is started."""

    def environment(self):
        return None

    def is_up(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


class Redis(Program):
    name = "redis-server"
    ends_by = signal.SIGKILL  # as when its machine is gone

    def command(self):
        address = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [path_of(self.name), *address, "--save", "", "--appendonly", "no"]

    @property
    def location(self):
        return f"redis://127.0.0.1:{self.port}"

    @property
    def cache(self):
        """For ``CACHES``, as docs/revocation.md has it."""
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": self.location,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }

    def seconds_left(self):
        """Of each key that is kept; None: for good."""
        with redis.Redis.from_url(self.location) as client:
            times = {key.decode(): client.ttl(key) for key in client.scan_iter()}
        return {key: None if seconds == -1 else seconds for key, seconds in times.items()}


class Memcached(Program):
    name = "memcached"
    ends_by = signal.SIGKILL  # as when its machine is gone

    def command(self):
        # Root it does not want to be; for anybody else -u counts for nothing.
        return [path_of(self.name), "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-u", "nobody"]

    @property
    def cache(self):
        """For ``CACHES``."""
        return {
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": f"127.0.0.1:{self.port}",
            "OPTIONS": {"connect_timeout": 1, "timeout": 1, "retry_attempts": 0, "dead_timeout": 1},
        }

    def seconds_left(self):
        """Of each key that is kept; None: for good."""
        # The crawler passes by what was in use a moment ago: what one dump lacks, a later one has.
        found, quiet = {}, 0
        while quiet < 50:
            dump = self._dump()
            quiet = quiet + 1 if dump.keys() <= found.keys() else 0
            found |= dump
        return found

    def _dump(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"lru_crawler metadump all\r\n")
            told = b""
            while not told.endswith(b"END\r\n"):
                told += connection.recv(65536)
        ends = re.findall(r"key=(\S+) exp=(\S+)", unquote(told.decode()))
        return {key: None if end == "-1" else int(end) - time.time() for key, end in ends}


class PostgreSQL(Program):
    """A database of its own, without a password: it listens to this machine alone."""

    name = "postgres"
    ends_by = signal.SIGINT  # waits for nobody who is connected
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "site"}

    def __enter__(self):
        # Not in our folder, which is root's: whom root starts the server as cannot reach it, and pytest closes again
        # what is opened there.
        self._data = tempfile.TemporaryDirectory(prefix="postgresql-")
        try:
            self._make_database()
            return super().__enter__()
        except BaseException:
            self._data.cleanup()
            raise

    def __exit__(self, *arguments):
        super().__exit__(*arguments)
        self._data.cleanup()

    @property
    def run_by(self):
        """Root the server refuses to be."""
        return "postgres" if os.geteuid() == 0 else None

    def _make_database(self):
        if self.run_by:
            shutil.chown(self._data.name, self.run_by)
        options = [
            "--username",
            self.database["USER"],
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ]
        made = subprocess.run(
            [postgresql_path_of("initdb"), "-D", self._data.name, *options, "--no-sync"],
            user=self.run_by,
            cwd=self._data.name,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr

    def command(self):
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]  # no socket in the file system
        return [postgresql_path_of(self.name), "-D", self._data.name, *address, "-c", "fsync=off"]

    @property
    def settings(self):
        """For ``DATABASES``."""
        return {**self.database, "HOST": "127.0.0.1", "PORT": str(self.port)}

    def is_up(self):
        with suppress(psycopg.OperationalError):
            self.connect().close()
            return True
        return False

    def connect(self):
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=self.database["NAME"], user=self.database["USER"]
        )


class Gunicorn(Program):
    """Two workers of a site, with the limits that gunicorn has by itself."""

    name = "gunicorn"

    def __init__(self, folder, *, settings="tests.deployment.settings", threads=1, **variables):
        super().__init__(folder)
        self._settings, self._threads, self._variables = settings, threads, variables

    def command(self):
        address = ["--workers", "2", "--threads", str(self._threads), "--bind", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", self.name, *address, "django.core.wsgi:get_wsgi_application()"]

    def environment(self):
        return (
            environment(self._settings)
            | self._variables
            | {
                "HOME": str(self.folder),  # gunicorn keeps a control socket there, or where the next one says
                "XDG_RUNTIME_DIR": str(self.folder),
            }
        )

    def is_up(self):
        return answers(f"http://127.0.0.1:{self.port}/oidc/style.css")


class Nginx(Program):
    """In front of servers that take turns, with the limits that nginx has by itself unless ``directives`` say more.

    Says which server has answered.
    """

    name = "nginx"

    def __init__(self, folder, *, port, servers, directives=""):
        super().__init__(folder, port)
        self._servers, self._directives = servers, directives

    def command(self):
        configuration = self.folder / "nginx.conf"
        configuration.write_text(self._configuration(), encoding="utf-8")
        return [path_of(self.name), "-p", str(self.folder), "-c", str(configuration)]

    def _configuration(self):
        servers = " ".join(f"server 127.0.0.1:{server.port};" for server in self._servers)
        temporary = "\n".join(f"{name}_temp_path {self.folder}/{name};" for name in TEMPORARY)
        return f"""
daemon off;
user root;
pid {self.folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    {temporary}
    upstream site {{ {servers} }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://site;
            proxy_set_header Host $http_host;
            add_header X-Answered-By $upstream_addr always;
            {self._directives}
        }}
    }}
}}
"""

    def is_up(self):
        return answers(f"http://127.0.0.1:{self.port}/oidc/style.css")


def path_of(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")  # not on everybody's PATH
    assert path, f"the deployment tests need {name}: apt-get install {name}"
    return path


def postgresql_path_of(name):
    """The newest version's: Debian keeps each in a folder of its own, and none of them on PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    path = shutil.which(name) or shutil.which(name, path=str(folders[-1]) if folders else "")
    assert path, f"the deployment tests need {name}: apt-get install postgresql"
    return path
