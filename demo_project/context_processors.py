from __future__ import annotations

import inspect


def view_source(request):
    """The code of the demo's view that answers, decorators and all."""
    view = inspect.unwrap(request.resolver_match.func) if request.resolver_match else None
    ours = getattr(view, "__module__", "") == "demo_project.views"
    return {"view_source": inspect.getsource(view)} if ours else {}
