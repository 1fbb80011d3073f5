from __future__ import annotations

from django.conf import settings

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Django's own admin has scripts, and icons that its style sheets bring along.
POLICY_OF_ADMIN = POLICY.replace(
    "img-src 'self'", "img-src 'self' data:; script-src 'self'; connect-src 'self'"
)


def content_security_policy(get_response):
    """A strict policy, to show that nothing of a login needs a looser one. From Django 6.0 on it has its own."""

    def middleware(request):
        response = get_response(request)
        # Django's own debug pages bring their style with them, inline.
        if not (settings.DEBUG and response.status_code >= 400):
            policy = POLICY_OF_ADMIN if request.path.startswith("/admin/") else POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware
