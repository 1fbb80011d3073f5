"""User models as projects have them. None has a table here: `tests.accounts.custom` logs in with them.

Each with relations of its own (``+``): in one process, Django's groups know their members by one model.
"""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser, Group, Permission, PermissionsMixin
from django.db import models


class OwnRelations(models.Model):
    groups = models.ManyToManyField(Group, related_name="+")
    user_permissions = models.ManyToManyField(Permission, related_name="+")

    class Meta:
        abstract = True


class EmailUser(OwnRelations, AbstractBaseUser, PermissionsMixin):
    """People log in by their address, and have to have a birthday."""

    email = models.EmailField(unique=True)
    birthday = models.DateField()
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    objects = BaseUserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["birthday"]

    class Meta:
        app_label = "custom"


class ActivePeople(BaseUserManager):
    def get_queryset(self):
        return super().get_queryset().filter(is_active=True)


class PlainUser(AbstractBaseUser):
    """No address, no groups, no flags that are fields; and a manager that hides some."""

    nick = models.CharField(max_length=40, unique=True)
    groups = models.CharField(max_length=10, default="red")
    is_active = models.BooleanField(default=True)

    objects = ActivePeople()
    USERNAME_FIELD = "nick"

    class Meta:
        app_label = "custom"

    @property
    def is_staff(self):
        return self.nick.startswith("staff")

    @property
    def is_superuser(self):
        return False


class UniqueUser(OwnRelations, AbstractUser):
    """Django's own, with a key of its own and an address that is nobody else's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True, null=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "custom"


class ShortUser(OwnRelations, AbstractUser):
    username = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "custom"


class WantingUser(OwnRelations, AbstractUser):
    email = models.EmailField(unique=True)
    birthday = models.DateField()
    nick = models.CharField(max_length=10)
    REQUIRED_FIELDS = ["email", "nick"]

    class Meta:
        app_label = "custom"


class NumberedUser(AbstractBaseUser):
    number = models.IntegerField(unique=True)
    USERNAME_FIELD = "number"

    class Meta:
        app_label = "custom"


class Team(models.Model):
    class Meta:
        app_label = "custom"


class TeamUser(AbstractBaseUser):
    """Its groups are of another kind, and it has an address by which people do not log in."""

    zoo = models.CharField(max_length=40, unique=True)
    email = models.EmailField()
    groups = models.ManyToManyField(Team, related_name="+")
    USERNAME_FIELD = "zoo"
    EMAIL_FIELD = "email"

    class Meta:
        app_label = "custom"


class DefaultUser(OwnRelations, AbstractUser):
    level = models.IntegerField(db_default=1)

    class Meta:
        app_label = "custom"
