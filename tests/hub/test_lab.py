"""From the sign-in page to the end of the guided notebook, as a PI goes."""

import re

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]


# The practice sequence is made and reduced for real, on whatever machine this is.
RUN_MS = 300_000


@pytest.fixture(scope="module")
def lab(hub, open_window, tmp_path_factory):
    """A window with ada's Lab, just started."""
    with open_window(tmp_path_factory.mktemp("lab") / "last.png") as page:
        hub.enter(page, "ada", "/hub/spawn")
        page.wait_for_url("**/user/ada/lab/**", timeout=90_000, wait_until="commit")
        page.wait_for_selector(".jp-MarkdownViewer h1", timeout=60_000)
        yield page


def test_a_user_is_welcomed(lab, tmp_path):
    heading = lab.locator(".jp-MarkdownViewer h1").inner_text()
    assert "Welcome to the High Contrast Data Centre" in heading
    lab.screenshot(path=tmp_path / "welcome.png")


def test_the_notebooks_that_the_welcome_names_are_in_the_home(hub, lab):
    home = hub.home / "hub" / "homes" / "ada"
    links = re.findall(r"\]\(([^/)][^)]*)\)", (home / "Welcome.md").read_text())
    assert "guided/reduce_a_sequence.ipynb" in links
    assert all((home / link).exists() for link in links)


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


def test_the_guided_notebook_runs_to_its_end_by_widgets_alone(hub, lab, tmp_path):
    lab.problems.clear()
    # What is run before the kernel is connected would be lost.
    with lab.expect_event("websocket", lambda socket: "/channels" in socket.url) as channels:
        lab.goto(f"{hub.url}/user/ada/lab/tree/guided/reduce_a_sequence.ipynb")
    channels.value.wait_for_event("framereceived")
    lab.get_by_text("HC-DC | Idle").wait_for(timeout=60_000)
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    lab.get_by_role("button", name="Make a practice sequence").click(timeout=90_000)
    lab.get_by_text("is ready").wait_for(timeout=RUN_MS)
    lab.get_by_role("button", name="Use this observation").click()
    lab.locator(".hcdc-viewer[data-drawn='0/0']").wait_for(timeout=60_000)
    lab.screenshot(path=tmp_path / "check.png")
    lab.get_by_role("button", name="Run the reduction").click()
    lab.get_by_text("Done. The result is below.").wait_for(timeout=RUN_MS)
    lab.get_by_role("button", name="Candidate b").click()
    assert lab.locator("tr[aria-selected='true'] td").first.inner_text() == "b"
    lab.screenshot(path=tmp_path / "result.png")
    assert not lab.problems
    # The work of a user lies in the user's own home, not in the center's.
    assert (hub.home / "hub/homes/ada/.local/share/hcdc/archive.sqlite").exists()
    assert not (hub.home / "store").exists()
