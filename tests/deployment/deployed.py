"""A site as it is deployed: nginx, gunicorn with two workers or more, Redis."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from tests.browser.site import toml
from tests.conftest import COOKIE_SECRET
from tests.deployment.programs import Gunicorn, Nginx
from tests.real_site import free_port


@contextmanager
def deployed(
    folder, op, redis, *, cookie_secrets=(COOKIE_SECRET,), directives="", gunicorn=None, rules=None, **auth
):
    """Its address. As many servers take turns as there are values for ``cookie_secret``; ``auth``: more keys of [auth].

    ``gunicorn``: what else each server is made with; ``rules``: as `write_secrets` has it.
    """
    # A host of its own: cookies do not tell ports apart, and the provider sets some for "localhost".
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    op.register_redirect_uri(f"{url}/oauth2callback")
    with ExitStack() as running:
        servers = []
        for number, secret in enumerate(cookie_secrets):
            own = folder / f"server-{number}"
            own.mkdir()
            secrets = write_secrets(own, op, url, rules=rules, cookie_secret=secret, **auth)
            variables = {"MULTI_OIDC_SECRETS_FILE": str(secrets), "REDIS": redis.location}
            server = Gunicorn(own, **variables, **(gunicorn or {}))
            servers.append(running.enter_context(server))
        running.enter_context(Nginx(folder, port=port, servers=servers, directives=directives))
        yield url


def write_secrets(folder, op, url, *, rules=None, **auth):
    """``rules``: more keys of providers, by the names of their tables: {"alpha": {"admins": […]}}."""
    auth = {"redirect_uri": f"{url}/oauth2callback", "revocation": True, **auth}
    tables = {"auth": auth, **{f"auth.{name}": table(op.organisations[name]) for name in ("alpha", "beta")}}
    for name, keys in (rules or {}).items():
        tables.setdefault(f"auth.{name}", {}).update(keys)
    path = folder / "secrets.toml"
    path.write_text("\n".join(map(toml, tables, tables.values())), encoding="utf-8")
    path.chmod(0o600)
    return path


def table(organisation):
    return {
        "client_id": organisation.client_id,
        "client_secret": organisation.client_secret,
        "server_metadata_url": organisation.metadata_url,
    }
