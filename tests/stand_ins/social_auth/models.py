from __future__ import annotations

from django.conf import settings
from django.db import models


class UserSocialAuth(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, related_name="social_auth", on_delete=models.CASCADE)
    provider = models.CharField(max_length=32)
    id_key = models.CharField(max_length=255, default="", blank=True)
    uid = models.CharField(max_length=255)
    extra_data = models.JSONField(default=dict, blank=True)

    class Meta:
        unique_together = ("provider", "uid")

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"
