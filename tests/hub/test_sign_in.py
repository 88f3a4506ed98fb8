"""Who comes in, who does not, and what protects the door."""

import stat
import time

import httpx
import psutil
import pytest

pytestmark = pytest.mark.slow


def test_the_hub_is_there_within_fifteen_seconds_of_work(hub):
    # Seconds of a core, not of the clock: other tests run beside this one.
    assert hub.start_cost_s < 15
    print(f"the hub started in {hub.started_in_s:.1f} s, {hub.start_cost_s:.1f} s of one core")  # noqa: T201


def test_nobody_signs_up(hub):
    client = hub.client()
    assert "sign up" not in client.get("/hub/login").text.lower()
    assert client.get("/hub/signup").status_code == 404
    assert hub.sign_in(client, "mallory", "a password").status_code == 403


def test_a_wrong_password_is_refused_with_a_sentence(hub):
    answer = hub.sign_in(hub.client(), "ben", "not the password")
    assert answer.status_code == 403
    assert "Invalid username or password" in answer.text


@pytest.mark.parametrize("name", ["nobody", "gone"])
def test_too_many_failures_lock_the_name_whether_it_exists_or_not(hub, name):
    client = hub.client()
    codes = [hub.sign_in(client, name, "wrong").status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]
    if name in hub.passwords:
        assert hub.sign_in(client, name).status_code == 429


def test_a_sign_in_without_the_xsrf_token_is_refused(hub):
    form = {"username": "ada", "password": hub.passwords["ada"]}
    assert httpx.post(f"{hub.url}/hub/login", data=form).status_code == 403


def test_the_api_wants_the_xsrf_token_from_a_browser(hub):
    client = hub.member("ada")
    del client.headers["X-XSRFToken"]
    assert client.post("/hub/api/users/ada/tokens", json={}).status_code == 403


def test_pages_carry_headers_that_protect_them(hub):
    headers = hub.client().get("/hub/login").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts(hub):
    answer = hub.sign_in(hub.client(), "ada")
    (cookie,) = [
        text
        for text in answer.headers.get_list("set-cookie")
        if text.startswith("jupyterhub-hub-login=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_signing_in_leads_nowhere_else(hub):
    client = hub.client()
    token = client.cookies.get("_xsrf", path="/hub/")
    answer = client.post(
        "/hub/login",
        params={"_xsrf": token, "next": "https://elsewhere.example/"},
        data={"username": "ada", "password": hub.passwords["ada"]},
    )
    assert "elsewhere" not in answer.headers["location"]


def test_everything_listens_on_this_machine_alone(hub):
    listening = [
        connection.laddr.ip
        for process in hub.processes
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4
    assert set(listening) == {"127.0.0.1"}


def test_the_state_is_for_its_owner_alone(hub):
    state = hub.home / "hub"
    for path in (state, state / "cookie_secret", state / "hub.sqlite", state / "hub.log"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(hub.home.stat().st_mode) & 0o007 == 0


def test_the_first_password_was_shown_once_and_kept_nowhere(hub):
    password = hub.passwords["admin"].encode()
    assert hub.output.read_text().count(hub.passwords["admin"]) == 1
    kept = [
        path
        for path in hub.home.rglob("*")
        if path.is_file() and path != hub.output and password in path.read_bytes()
    ]
    assert not kept


def test_groups_are_those_of_the_archive(hub):
    me = hub.member("stan").get("/hub/api/user").json()
    assert me["groups"] == ["staff"]
    assert not me["admin"]
    assert hub.member("admin").get("/hub/api/user").json()["admin"]


def test_a_user_may_not_reach_for_more(hub):
    client = hub.member("ada")
    wanted = {"scopes": ["admin:users"]}
    assert client.post("/hub/api/users/ada/tokens", json=wanted).status_code in (400, 403)
    assert client.post("/hub/api/users/ben/tokens", json={}).status_code in (403, 404)
    assert client.get("/hub/api/users").status_code == 403
    assert client.get("/hub/admin").status_code == 403
    assert httpx.get(f"{hub.url}/hub/metrics").status_code == 403


def test_the_idle_culler_is_alive(hub):
    services = hub.member("admin").get("/hub/api/services").json()
    assert psutil.Process(services["idle-culler"]["pid"]).is_running()
    assert "--timeout=3600" in " ".join(psutil.Process(services["idle-culler"]["pid"]).cmdline())


def test_a_closed_account_is_out_within_seconds(hub):
    hub.passwords["brief"] = hub.hcdc("users", "add", "brief")
    client = hub.member("brief")
    assert client.get("/hub/api/user").status_code == 200
    hub.hcdc("users", "deactivate", "brief")
    end = time.monotonic() + 20
    while client.get("/hub/api/user").status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert hub.sign_in(hub.client(), "brief").status_code == 403
