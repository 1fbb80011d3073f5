from __future__ import annotations

from django.urls import include, path

from tests import site

urlpatterns = [
    path("", include("django_multi_oidc.urls")),
    path("", site.home, name="home"),
    path("ask/", site.ask),
    path("aask/", site.aask),
    path("asked-first/", site.asked_first),
    path("end-me/", site.end_me),
    path("divide/", site.divide),
    path("template-if/", site.template_if),
    path("template-of/", site.template_of),
    path("atemplate-of/", site.atemplate_of),
    path("why/", site.why),
    path("aswallow/", site.aswallow),
    path("atemplate-if/", site.atemplate_if),
    path("many-headers/", site.many_headers),
    path("untouched/", site.untouched),
    path("stream/", site.stream),
    path("file/", site.file),
    path("cached/", site.cached),
    path("class/", site.AsyncPage.as_view()),
    path("template/", site.template),
    path("members/", site.members),
    path("amembers/", site.amembers),
    path("admins/", site.admins),
    path("aadmins/", site.aadmins),
    path("editors/", site.editors),
    *(path(f"sync/{name}/", views[0]) for name, views in site.PAGES_FOR_SOME.items()),
    *(path(f"async/{name}/", views[1]) for name, views in site.PAGES_FOR_SOME.items()),
    path("public/", site.public),
    path("cached-by-itself/", site.cached_by_itself),
    path("cached-around/", site.cached_around),
    path("go/", site.go),
    path("leave/", site.leave),
    path("leave-everywhere/", site.leave_everywhere),
    path("aleave-everywhere/", site.aleave_everywhere),
    path("ask-in-the-loop/", site.ask_in_the_loop),
    path("aleave/", site.aleave),
    path("write-session/", site.write_session),
    path("password-login/", site.log_in_by_password),
    path("flush-session/", site.flush_session),
    path("awrite-session/", site.awrite_session),
]

handler404 = site.not_found
