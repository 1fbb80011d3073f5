"""A site as it is deployed: nginx, gunicorn with two workers or more, Redis."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from tests.browser.site import toml
from tests.conftest import COOKIE_SECRET
from tests.deployment.programs import Gunicorn, Nginx
from tests.real_site import free_port


@contextmanager
def deployed(folder, op, redis, *, cookie_secrets=(COOKIE_SECRET,), directives="", **auth):
    """Its address. As many servers take turns as there are values for ``cookie_secret``; ``auth``: more keys of [auth]."""
    # A host of its own: cookies do not tell ports apart, and the provider sets some for "localhost".
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    op.register_redirect_uri(f"{url}/oauth2callback")
    with ExitStack() as running:
        servers = []
        for number, secret in enumerate(cookie_secrets):
            own = folder / f"server-{number}"
            own.mkdir()
            secrets = write_secrets(own, op, url, cookie_secret=secret, **auth)
            server = Gunicorn(own, MULTI_OIDC_SECRETS_FILE=str(secrets), REDIS=redis.location)
            servers.append(running.enter_context(server))
        running.enter_context(Nginx(folder, port=port, servers=servers, directives=directives))
        yield url


def write_secrets(folder, op, url, **auth):
    auth = {"redirect_uri": f"{url}/oauth2callback", "revocation": True, **auth}
    tables = {"auth": auth, **{f"auth.{name}": table(op.organisations[name]) for name in ("alpha", "beta")}}
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
