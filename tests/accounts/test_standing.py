"""A3: staff, superuser and groups follow the rules both ways."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_save

from django_multi_oidc.accounts import people, standing, user_model
from django_multi_oidc.accounts.backends import OIDCAccountBackend
from django_multi_oidc.accounts.models import OIDCIdentity
from tests.accounts.models import PlainUser

User = get_user_model()


@pytest.fixture
def roles(secrets, settings, editors):
    """Sets who has which role at alpha."""

    def change(**roles):
        secrets["alpha"] = {
            **secrets["alpha"],
            "roles": {name: [f"{who}@a.example"] for name, who in roles.items()},
        }
        settings.MULTI_OIDC_SECRETS = {"auth": secrets}

    change(editor="pat", boss="nobody")
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor"}
    return change


@pytest.fixture
def pat(identity):
    return identity(email="pat@a.example", email_verified=True)


def flags(user):
    return user.is_staff, user.is_superuser


def names(groups):
    return sorted(group.name for group in groups)


def test_nobody_is_staff_by_default(identity):
    user = people.user_of(identity())
    assert flags(user) == flags(User.objects.get()) == (False, False)


def test_admins_are_staff_and_no_superusers(identity):
    user = people.user_of(identity(email="pat@alpha.example", email_verified=True))
    assert flags(user) == flags(User.objects.get()) == (True, False)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("STAFF_ROLE", (True, False)), ("SUPERUSER_ROLE", (False, True))],
)
def test_a_setting_names_the_role(roles, pat, settings, setting, expected):
    setattr(settings, f"MULTI_OIDC_ACCOUNTS_{setting}", "editor")
    assert flags(people.user_of(pat)) == flags(User.objects.get()) == expected
    roles()
    assert flags(people.user_of(pat)) == flags(User.objects.get()) == (False, False)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_role_makes_nobody_staff(identity, settings, nothing):
    settings.MULTI_OIDC_ACCOUNTS_STAFF_ROLE = nothing
    assert flags(people.user_of(identity(email="pat@alpha.example", email_verified=True))) == (False, False)


def test_ticks_of_a_hand_are_taken_back(pat, roles):
    people.user_of(pat)
    User.objects.update(is_staff=True, is_superuser=True)
    user = people.user_of(pat)
    user.refresh_from_db()
    assert flags(user) == flags(User.objects.get()) == (False, False)


def test_what_a_rule_gave_goes_with_the_setting(pat, roles, settings):
    settings.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "editor"
    people.user_of(pat)
    assert User.objects.get().is_superuser is True
    del settings.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE
    assert flags(people.user_of(pat)) == (False, False)
    assert User.objects.get().is_superuser is False


def test_managed_groups_follow_the_rules(pat, roles):
    user = people.user_of(pat)
    assert names(user.groups.all()) == names(User.objects.get().groups.all()) == ["Editors"]
    roles()
    user = people.user_of(pat)
    assert names(user.groups.all()) == names(User.objects.get().groups.all()) == []
    roles(editor="pat")
    assert names(people.user_of(pat).groups.all()) == names(User.objects.get().groups.all()) == ["Editors"]


def test_other_groups_are_of_hands(pat, roles):
    people.user_of(pat)
    by_hand = Group.objects.create(name="Choir")
    User.objects.get().groups.add(by_hand)
    assert names(people.user_of(pat).groups.all()) == ["Choir", "Editors"]
    roles()
    assert names(people.user_of(pat).groups.all()) == ["Choir"]
    assert names(User.objects.get().groups.all()) == ["Choir"]


def test_nor_are_those_of_somebody_else_ours(pat, roles, editors):
    other = User.objects.create_user("other")
    other.groups.add(editors, Group.objects.create(name="Choir"))
    assert names(people.user_of(pat).groups.all()) == ["Editors"]
    roles()
    assert (
        names(people.user_of(pat).groups.all())
        == names(User.objects.exclude(pk=other.pk).get().groups.all())
        == []
    )
    assert names(other.groups.all()) == ["Choir", "Editors"]


def test_what_stays_is_not_taken_away_and_given_again(pat, roles, editors, django_assert_num_queries):
    people.user_of(pat)
    membership = User.groups.through.objects.get()
    people.user_of(pat)
    roles(editor="pat", boss="pat")
    people.user_of(pat)
    assert User.groups.through.objects.get() == membership


def test_a_managed_group_by_hand_opens_nothing(pat, roles, editors):
    roles()
    people.user_of(pat)
    User.objects.get().groups.add(editors)
    editors.permissions.add(Permission.objects.get(codename="change_group"))
    user = people.user_of(pat)
    assert names(user.groups.all()) == names(user.groups.filter(name="Editors")) == []
    assert not user.has_perm("auth.change_group")


def test_a_group_that_is_managed_from_now_on_is_taken_away(pat, roles, settings):
    people.user_of(pat)
    choir = Group.objects.create(name="Choir")
    User.objects.get().groups.add(choir)
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor", "Choir": "boss"}
    assert names(people.user_of(pat).groups.all()) == ["Editors"]
    assert names(User.objects.get().groups.all()) == ["Editors"]


def test_permissions_are_those_of_the_identitys_groups(pat, identity, roles, editors):
    """Whatever another login of the same person has written into the database."""
    editors.permissions.add(Permission.objects.get(codename="change_group"))
    assert people.user_of(pat).has_perm("auth.change_group")
    newer = people.user_of(identity(email="pat@elsewhere.example", email_verified=True))
    assert not newer.has_perm("auth.change_group")
    assert names(User.objects.get().groups.all()) == []
    assert people.user_of(pat).has_perm("auth.change_group")
    roles()
    assert not people.user_of(pat).has_perm("auth.change_group")


def test_a_group_that_is_not_there_is_logged(pat, roles, settings, caplog):
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {"Editors": "editor", "Writers": "editor"}
    assert names(people.user_of(pat).groups.all()) == ["Editors"]
    assert (
        "MULTI_OIDC_ACCOUNTS_GROUPS: there is no group of the name 'Writers': nobody is a member of it"
        in caplog.text
    )


def test_what_is_right_is_not_written_again(pat, roles, django_assert_num_queries):
    people.user_of(pat)
    with django_assert_num_queries(1):
        people.user_of(pat)


def test_saving_the_user_writes_what_it_shows(pat, roles):
    people.user_of(pat)
    user = people.user_of(pat)
    user.save()
    assert flags(User.objects.get()) == flags(user)
    user.groups.set([])
    assert names(user.groups.all()) == []


def test_a_standing_knows_its_roles(pat, roles):
    assert standing.standing_of(pat) == standing.Standing(
        is_staff=False, is_superuser=False, groups=frozenset({"Editors"})
    )


def test_a_group_that_is_managed_no_longer_leaves_with_what_gave_it(pat, identity, roles, settings):
    people.user_of(pat)
    older = pat
    people.user_of(identity(email="pat@a.example", email_verified=True))
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {}
    assert names(people.user_of(older).groups.all()) == []
    newest = identity(email="pat@a.example", email_verified=True)
    assert names(people.user_of(newest).groups.all()) == names(User.objects.get().groups.all()) == []


@pytest.mark.parametrize("renamed", ["group", "setting"])
def test_one_that_is_renamed_does_too(pat, roles, settings, editors, renamed):
    people.user_of(pat)
    if renamed == "group":
        Group.objects.update(name="Writers")
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {"Writers": "boss"}
    assert names(people.user_of(pat).groups.all()) == names(User.objects.get().groups.all()) == []


@pytest.mark.parametrize("gone", ["setting", "name"])
def test_what_one_account_was_given_is_not_the_other_accounts(pat, identity, roles, settings, editors, gone):
    user = people.user_of(pat)
    OIDCIdentity.objects.link(user=user, issuer="http://localhost:9/beta", subject="pat-sub", provider="beta")
    editors.permissions.add(Permission.objects.get(codename="change_group"))
    older_beta = identity(provider="beta")
    people.user_of(older_beta)
    people.user_of(identity(email="pat@a.example", email_verified=True))
    assert names(User.objects.get().groups.all()) == ["Editors"]
    if gone == "setting":
        settings.MULTI_OIDC_ACCOUNTS_GROUPS = {}
    else:
        Group.objects.update(name="Writers")
    shown = people.user_of(older_beta)
    assert (names(shown.groups.all()), shown.has_perm("auth.change_group")) == ([], False)
    by_password = people.without_privileges(User.objects.get())
    assert (names(by_password.groups.all()), by_password.has_perm("auth.change_group")) == ([], False)
    people.user_of(identity(provider="beta"))
    assert names(User.objects.get().groups.all()) == []


def test_when_one_of_two_accounts_is_unlinked_the_others_word_is_written(pat, identity, roles):
    user = people.user_of(pat)
    OIDCIdentity.objects.link(user=user, issuer="http://localhost:9/beta", subject="pat-sub", provider="beta")
    people.user_of(identity(provider="beta"))
    newest = identity(email="pat@a.example", email_verified=True)
    people.user_of(newest)
    OIDCIdentity.objects.get(provider="beta").delete()
    assert names(User.objects.get().groups.all()) == []
    people.user_of(newest)
    assert names(User.objects.get().groups.all()) == ["Editors"]


def test_a_user_is_deleted_without_being_saved_meanwhile(pat, roles, settings):
    settings.MULTI_OIDC_ACCOUNTS_STAFF_ROLE = "editor"
    people.user_of(pat)
    saved = []

    def note(instance, **kwargs):
        saved.append(instance)

    post_save.connect(note, sender=User)
    User.objects.get().delete()
    people.user_of(pat)
    saved.clear()
    User.objects.all().delete()
    post_save.disconnect(note, sender=User)
    assert (saved, OIDCIdentity.objects.count()) == ([], 0)


def test_permissions_stay_the_rules_where_a_view_writes_to_the_groups(pat, roles, editors):
    roles()
    people.user_of(pat)
    editors.permissions.add(Permission.objects.get(codename="change_group"))
    choir = Group.objects.create(name="Choir")
    choir.permissions.add(Permission.objects.get(codename="view_group"))
    User.objects.get().groups.add(editors)
    user = people.user_of(pat)
    user.groups.add(choir)
    backend = OIDCAccountBackend()
    assert backend.get_group_permissions(user) == {"auth.view_group"}
    assert backend.get_group_permissions(User.objects.get()) == {"auth.change_group", "auth.view_group"}


def test_an_account_that_is_unlinked_leaves_nothing(pat, roles, settings):
    settings.MULTI_OIDC_ACCOUNTS_STAFF_ROLE = settings.MULTI_OIDC_ACCOUNTS_SUPERUSER_ROLE = "editor"
    people.user_of(pat)
    by_hand = Group.objects.create(name="Choir")
    User.objects.get().groups.add(by_hand)
    settings.MULTI_OIDC_ACCOUNTS_GROUPS = {}
    OIDCIdentity.objects.all().delete()
    user = User.objects.get()
    assert (flags(user), names(user.groups.all())) == ((False, False), ["Choir"])


def test_one_that_nobody_has_logged_in_by_has_given_nothing(root):
    """A way in that was linked by mistake is one again."""
    OIDCIdentity.objects.link(user=root, issuer="http://op", subject="root", provider="alpha").delete()
    assert flags(User.objects.get()) == (True, True)


def test_a_model_without_flags_and_groups_has_none_to_write(monkeypatch, roles, django_assert_num_queries):
    monkeypatch.setattr(user_model, "get_user_model", lambda: PlainUser)
    user = PlainUser(nick="pat")
    everything = standing.Standing(is_staff=True, is_superuser=True, groups=frozenset({"Editors"}))
    with django_assert_num_queries(0):
        assert standing.save(user, [], everything) == []
        standing.show(user, everything, [])
    assert (user.is_staff, user.groups) == (False, "red")
    assert standing.is_saved(user, everything.written, everything)
