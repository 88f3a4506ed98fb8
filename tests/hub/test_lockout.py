"""A name with too many failures is locked for a while."""

from hub_config.authenticator import Lockout


def test_a_name_is_locked_after_so_many_attempts():
    lockout = Lockout(max_failures=2, duration_s=60)
    assert [lockout.admit("ada") for _ in range(4)] == [True, True, False, False]


def test_other_names_are_not_locked():
    lockout = Lockout(max_failures=1, duration_s=60)
    lockout.admit("ada")
    assert lockout.admit("ben")


def test_success_clears_the_count():
    lockout = Lockout(max_failures=2, duration_s=60)
    lockout.admit("ada")
    lockout.forgive("ada")
    assert [lockout.admit("ada") for _ in range(2)] == [True, True]


def test_the_lock_opens_again(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("hub_config.authenticator.time.monotonic", lambda: now[0])
    lockout = Lockout(max_failures=1, duration_s=60)
    assert lockout.admit("ada")
    assert not lockout.admit("ada")
    now[0] += 61
    assert lockout.admit("ada")


def test_made_up_names_do_not_fill_the_memory():
    lockout = Lockout(max_failures=1, duration_s=60)
    for number in range(10_050):
        lockout.admit(f"name{number}")
    assert len(lockout._failures) == 10_000
