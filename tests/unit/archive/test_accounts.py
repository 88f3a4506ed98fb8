"""Accounts: who may sign in; passwords are never told."""

from __future__ import annotations

import statistics
import time
import unicodedata

import pytest

from hcdc_kernel.archive import Accounts
from hcdc_kernel.archive.accounts import normalize_name
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.passwords import Work, hash_password, matches
from hcdc_kernel.errors import ArchiveError, ConfigError, NotFoundError

PASSWORD = "correct horse battery"
LIGHT = Work(n=2**4)


@pytest.fixture
def accounts(url):
    database = Database(url)
    yield Accounts(database, LIGHT)
    database.close()


def test_who_was_added_may_sign_in(accounts):
    ana = accounts.add_user("Ana", PASSWORD, groups=["staff", "expert"], is_admin=True)

    assert accounts.verify("ana", PASSWORD) == ana == accounts.user("ANA ")
    assert (ana.name, ana.groups, ana.is_admin, ana.active) == (
        "ana",
        ("expert", "staff"),
        True,
        True,
    )


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana", "correct horse"),
        ("ana", ""),
        ("ana", PASSWORD * 100),
        ("ben", PASSWORD),
        ("", PASSWORD),
        ("../ana", PASSWORD),
        ("ana\x00", PASSWORD),
        ("\udcff", PASSWORD),
    ],
)
def test_others_may_not(accounts, name, password):
    accounts.add_user("ana", PASSWORD)
    assert accounts.verify(name, password) is None


def test_deactivated_users_may_not_sign_in_until_activated(accounts):
    accounts.add_user("ana", PASSWORD)
    assert not accounts.deactivate("ana").active
    assert accounts.verify("ana", PASSWORD) is None
    accounts.activate("ana")
    assert accounts.verify("ana", PASSWORD) is not None


def test_a_changed_password_replaces_the_old_one(accounts):
    accounts.add_user("ana", PASSWORD)
    accounts.set_password("ana", "another good one")

    assert accounts.verify("ana", PASSWORD) is None
    assert accounts.verify("ana", "another good one") is not None
    with pytest.raises(ConfigError, match="too short"):
        accounts.set_password("ana", "short")
    with pytest.raises(NotFoundError, match="Did you mean ana"):
        accounts.set_password("anna", PASSWORD)


def test_groups_can_be_changed_but_not_invented(accounts):
    accounts.add_user("ana", PASSWORD, groups=["pi"])
    assert accounts.set_groups("ana", ["staff", "staff"]).groups == ("staff",)
    with pytest.raises(ConfigError, match=r"no such group.*expert, pi, staff"):
        accounts.set_groups("ana", ["root"])
    assert accounts.user("ana").groups == ("staff",)


def test_the_last_administrator_stays(accounts):
    accounts.add_user("ana", PASSWORD, is_admin=True)
    accounts.add_user("ben", PASSWORD)
    for change in (accounts.deactivate, lambda name: accounts.set_admin(name, is_admin=False)):
        with pytest.raises(ConfigError, match="only active administrator"):
            change("ana")

    accounts.set_admin("ben", is_admin=True)
    assert not accounts.deactivate("ana").active
    assert [user.name for user in accounts.users()] == ["ana", "ben"]


def test_a_name_is_taken_in_all_its_spellings(accounts):
    accounts.add_user("Zoë", PASSWORD)
    decomposed = unicodedata.normalize("NFD", "zoë")

    with pytest.raises(ConfigError, match="taken"):
        accounts.add_user(decomposed, PASSWORD)
    assert accounts.verify(decomposed, PASSWORD) is not None


@pytest.mark.parametrize(
    "name", ["", " ", ".hidden", "-rf", "a/b", "a b", "a\n", "x" * 129, "../../etc", "a:b"]
)
def test_a_name_that_cannot_be_a_folder_is_refused(light_archive, name):
    if name == "a\n":
        assert normalize_name(name) == "a"  # blanks around it do not count
        return
    with pytest.raises(ConfigError, match="cannot be used"):
        light_archive.accounts.add_user(name, PASSWORD)


@pytest.mark.parametrize(
    "name", ["ana", "Ana.B", "o@example.org", "ΣΊΣΥΦΟΣ", "İpek", "ﬁn", "अनिता"]
)
def test_normalizing_a_name_twice_changes_nothing(name):
    assert normalize_name(normalize_name(name)) == normalize_name(name)


def test_passwords_of_equal_looks_are_equal():
    hashed = hash_password("pässword lang", LIGHT)
    assert matches(unicodedata.normalize("NFD", "pässword lang"), hashed)


def test_a_hash_tells_neither_password_nor_equality():
    first, second = (hash_password(PASSWORD, LIGHT) for _ in range(2))

    assert first != second
    assert PASSWORD not in first
    assert first.startswith("scrypt$16$8$1$")
    assert matches(PASSWORD, first)
    assert matches(PASSWORD, second)


@pytest.mark.parametrize("hashed", ["", "x", "scrypt$a$8$1$aa$aa", "md5$16$8$1$YWE=$YWE="])
def test_a_damaged_hash_is_said_without_telling_it(hashed):
    with pytest.raises(ArchiveError, match="password hash"):
        matches(PASSWORD, hashed)


def test_messages_never_hold_the_password(accounts, caplog):
    accounts.add_user("ana", PASSWORD)
    with pytest.raises(ConfigError) as taken:
        accounts.add_user("ana", PASSWORD)
    with pytest.raises(ConfigError) as short:
        accounts.add_user("ben", "hush")
    told = f"{taken.value!r} {short.value!r} {accounts.users()} {caplog.text}"
    assert PASSWORD not in told
    assert "hush" not in told


def test_unknown_users_take_as_long_as_known_ones(light_archive):
    """Timing would tell who has an account: the work is the same, within the clock's noise."""
    accounts = Accounts(light_archive._database, Work(n=2**12))
    accounts.add_user("ana", PASSWORD)
    accounts.verify("ana", "warm up")

    def seconds(name: str) -> float:
        start = time.process_time()
        accounts.verify(name, "wrong password")
        return time.process_time() - start

    known = statistics.median(seconds("ana") for _ in range(9))
    for stranger in ("nobody", "a/b"):
        unknown = statistics.median(seconds(stranger) for _ in range(9))
        assert 0.5 < unknown / known < 2


def test_accounts_open_without_a_store(url):
    accounts = Accounts.open(url)
    assert accounts.users() == []
    accounts.close()
