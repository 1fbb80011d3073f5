"""The tables of django-allauth and social-auth as far as oidc_link reads them: the fast suite has neither installed.

tests/deployment has both, and holds the command against what they really write.
"""
