from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="OIDCIdentity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=64, unique=True)),
                ("issuer", models.TextField()),
                ("subject", models.TextField()),
                ("provider", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("login_at", models.FloatField(default=0.0, verbose_name="last login")),
                ("saved", models.JSONField(default=dict, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="oidc_identities",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "OpenID Connect identity",
                "verbose_name_plural": "OpenID Connect identities",
            },
        ),
    ]
