"""A1: class-based views for some. What they answer is in test_refusals.py."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_multi_oidc.mixins import OIDCAdminRequiredMixin, OIDCLoginRequiredMixin
from django_multi_oidc.users import attach_identity
from tests import site

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.mark.parametrize(
    ("mixin", "message"),
    [
        (site.OIDCRoleRequiredMixin, 'Page needs an attribute: oidc_role = "editor"'),
        (site.OIDCRecentLoginMixin, "Page needs an attribute: oidc_max_age = 300"),
        (site.OIDCUserPassesTestMixin, "Page needs a method: def test_oidc_user(self, user)"),
    ],
)
def test_a_view_that_does_not_say_what_it_wants_says_so(rf, make_identity, mixin, message):
    request = rf.get("/")
    attach_identity(request, make_identity())
    with pytest.raises(ImproperlyConfigured) as caught:
        type("Page", (mixin, site.Show), {}).as_view()(request)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("mixin", "attributes", "error"),
    [
        (site.OIDCRoleRequiredMixin, {"oidc_role": ""}, TypeError),
        (site.OIDCRecentLoginMixin, {"oidc_max_age": 0}, ValueError),
        (site.OIDCLoginRequiredMixin, {"oidc_providers": []}, TypeError),
    ],
)
def test_a_view_that_wants_nothing_lets_nobody_in(rf, make_identity, mixin, attributes, error):
    request = rf.get("/")
    attach_identity(request, make_identity())
    with pytest.raises(error):
        type("Page", (mixin, site.Show), attributes).as_view()(request)


def test_a_view_may_be_told_in_the_urlconf(rf, make_identity):
    request = rf.get("/")
    attach_identity(request, make_identity())
    page = type("Page", (site.OIDCRoleRequiredMixin, site.Show), {"oidc_role": "editor"})
    assert page.as_view(oidc_role="admin")(request).content == b"the page"
    assert page.as_view()(request).status_code == 403


def test_the_gate_comes_before_what_stands_behind_it(rf, make_identity):
    ran = []

    class Noting:
        def dispatch(self, request, *args, **kwargs):
            ran.append(request)
            return super().dispatch(request, *args, **kwargs)

    class Inner(OIDCLoginRequiredMixin, Noting, site.Show):
        pass

    class Page(Inner, OIDCAdminRequiredMixin):
        pass

    request = rf.get("/")
    attach_identity(request, None)
    assert Page.as_view()(request).status_code == 302
    assert ran == []
    attach_identity(request, make_identity("beta"))
    assert Page.as_view()(request).status_code == 403
    attach_identity(request, make_identity())
    assert Page.as_view()(request).content == b"the page"
