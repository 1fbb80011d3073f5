"""OpenID Connect login for Django: the verbs that a view needs."""

from .shortcuts import alogout, login, logout

__all__ = ["alogout", "login", "logout"]
