"""Context processor and template tags, in a project's own templates."""

from __future__ import annotations

import copy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.test import Client

from django_multi_oidc.context_processors import oidc_user

pytestmark = pytest.mark.usefixtures("secrets")


@pytest.fixture
def _with_our_processor(settings):
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["OPTIONS"]["context_processors"].append("django_multi_oidc.context_processors.oidc_user")
    settings.TEMPLATES = templates


@pytest.mark.usefixtures("_with_our_processor")
def test_templates_know_the_user(make_identity, cookie_of):  # U4, D3
    client = Client()
    anonymous = client.get("/template/").content.decode()
    assert anonymous.startswith("False||False||")
    response = client.get("/template/", headers={"cookie": cookie_of(make_identity())})
    text = response.content.decode()
    assert text.startswith("True|Pat Admin|True||")
    assert (
        '<a class="oidc-button" href="/oidc/login/alpha/?next=%2Ftemplate%2F">Log in with Alpha</a>' in text
    )
    assert '<form class="oidc-logout" method="post" action="/oidc/logout/">' in text
    assert "csrfmiddlewaretoken" in text
    assert text.endswith("/oidc/login/alpha/?next=%2Fmembers%2F")
    assert response["Vary"] == "Cookie"


def test_the_processor_without_the_middleware_says_so(rf):  # U4
    with pytest.raises(ImproperlyConfigured, match="OIDCUserMiddleware"):
        oidc_user(rf.get("/"))


def test_tags_work_without_a_request():  # D3
    text = "{% load multi_oidc %}{% oidc_login_url %} {% oidc_login_url 'alpha' %} {% oidc_login_buttons next='/x/' %}"
    rendered = Template(text).render(Context())
    assert rendered.startswith("/oidc/login/ /oidc/login/alpha/ ")
    assert "/oidc/login/beta/?next=%2Fx%2F" in rendered


def test_a_posted_page_is_nothing_to_come_back_to(rf):  # D3
    rendered = Template("{% load multi_oidc %}{% oidc_login_url %}").render(
        Context({"request": rf.post("/form/")})
    )
    assert rendered == "/oidc/login/"


def test_labels_are_escaped(secrets, settings):  # D3
    secrets["alpha"]["label"] = "<b>Alpha & Sons</b>"
    settings.MULTI_OIDC_SECRETS = {"auth": secrets}
    rendered = Template("{% load multi_oidc %}{% oidc_login_buttons %}").render(Context())
    assert "Log in with &lt;b&gt;Alpha &amp; Sons&lt;/b&gt;" in rendered
