"""Dashboards are for staff."""

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PLACE = "/services/dashboards/"


def test_a_stranger_is_sent_to_the_sign_in_page(hub, page):
    answer = httpx.get(hub.url + PLACE)
    assert answer.status_code == 302
    assert "/hub/api/oauth2/authorize" in answer.headers["location"]
    page.goto(hub.url + PLACE)
    assert "/hub/login" in page.url
    assert page.locator("#password_input").is_visible()


@pytest.mark.parametrize(
    "path", ["api/kernels", "api/contents", "api/terminals", "api/sessions", "lab", "tree"]
)
def test_there_is_no_way_to_run_code_beside_the_dashboards(hub, path):
    assert httpx.get(f"{hub.url}{PLACE}{path}").status_code in (302, 403, 404)


def test_a_user_who_is_not_staff_is_refused(hub, page, tmp_path):
    hub.enter(page, "ada", PLACE)
    assert "This page is not for your group of users" in page.inner_text("h1")
    assert page.request.get(hub.url + PLACE).status == 403
    page.screenshot(path=tmp_path / "refused.png")
    page.goto(f"{hub.url}/hub/home")
    assert not page.get_by_role("link", name="Dashboards").count()


def test_staff_see_a_dashboard(hub, page):
    hub.enter(page, "stan")
    page.get_by_role("link", name="Dashboards").click()
    page.wait_for_selector(".jupyter-widgets", timeout=90_000)
    assert "403" not in page.title()
    assert not page.problems


def test_the_sign_in_page_can_be_read_and_filled_by_keyboard(hub, page):
    page.goto(f"{hub.url}/hub/login")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "High Contrast Data Centre"
    for label in ("Username:", "Password:"):
        assert page.get_by_label(label, exact=True).is_visible()
    page.keyboard.type("stan")
    page.keyboard.press("Tab")
    page.keyboard.type(hub.passwords["stan"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/user/stan/**", timeout=60_000, wait_until="commit")
    page.wait_for_selector(".jp-MarkdownViewer h1", timeout=60_000)
    assert not page.problems
