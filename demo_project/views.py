"""The pages. Each shows its own code to whoever looks at it, so this is also what the demo reads like."""

from __future__ import annotations

from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from django_multi_oidc.decorators import (
    oidc_admin_required,
    oidc_login_required,
    oidc_recent_login,
    oidc_role_required,
)
from django_multi_oidc.shortcuts import end_access

from .activity import activity, logins
from .claims import described
from .rules import ROLES


def home(request):
    return render(request, "demo/home.html")


@oidc_login_required
def members(request):
    return render(request, "demo/members.html")


@oidc_role_required("editor")
def editors(request):
    return render(request, "demo/editors.html", {"rules": ROLES})


@oidc_admin_required
def admins(request):
    return render(request, "demo/admins.html", {"activity": activity(), "logins": logins()})


@oidc_admin_required
@require_POST
def end(request):
    end_access(request.POST["provider"], sub=request.POST["sub"])
    return redirect("admins")


@oidc_recent_login(60)
def signing(request):
    return render(request, "demo/signing.html", {"signed": request.method == "POST"})


@oidc_login_required
def claims(request):
    reasons = [request.oidc_user.why(role) for role in ("admin", "editor")]
    return render(request, "demo/claims.html", {"claims": described(request.oidc_user), "reasons": reasons})
