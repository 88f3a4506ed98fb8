"""From the sign-in page to the end of the guided notebook, as a PI goes."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("hub")]


@pytest.fixture(scope="module")
def lab(hub, browser):
    """A window with ada's Lab, just started."""
    context = browser.new_context(viewport={"width": 1366, "height": 860})
    page = context.new_page()
    hub.enter(page, "ada", "/hub/spawn")
    page.wait_for_url("**/user/ada/lab/**", timeout=90_000, wait_until="commit")
    page.wait_for_selector(".jp-MarkdownViewer h1", timeout=60_000)
    yield page
    context.close()


def test_a_user_is_welcomed(lab, tmp_path):
    heading = lab.locator(".jp-MarkdownViewer h1").inner_text()
    assert "Welcome to the High Contrast Data Center" in heading
    lab.screenshot(path=tmp_path / "welcome.png")


def test_the_notebooks_are_in_the_home(hub, lab):
    home = hub.home / "hub" / "homes" / "ada"
    assert (home / "Welcome.md").exists()
    assert list((home / "guided").glob("*.ipynb"))


def test_there_is_one_kernel(hub, lab):
    answer = lab.request.get(f"{hub.url}/user/ada/api/kernelspecs")
    assert list(answer.json()["kernelspecs"]) == ["hcdc"]


def test_a_user_cannot_enter_the_server_of_another(hub, lab):
    client = hub.member("ben")
    answer = client.get("/user/ada/lab", follow_redirects=True)
    assert answer.status_code in (403, 404)


def test_pages_of_a_server_carry_headers_that_protect_them(hub, lab):
    headers = lab.request.get(f"{hub.url}/user/ada/lab").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
