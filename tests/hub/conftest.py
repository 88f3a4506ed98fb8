"""A real hub on this machine, with four accounts, started once for all its tests."""

import os
import random
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Hub:
    """A hub that runs, and how to get in."""

    url: str
    home: Path
    output: Path
    process: subprocess.Popen | None = None
    started_in_s: float = 0.0
    start_cost_s: float = 0.0
    passwords: dict[str, str] = field(default_factory=dict)
    root: Path = ROOT
    clients: ExitStack = field(default_factory=ExitStack)

    @property
    def environment(self):
        """The variables with which it was started."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("HCDC_")}
        port = self.url.rsplit(":", 1)[1]
        return kept | {"HCDC_HOME": str(self.home), "HCDC_HUB_PORT": port}

    @property
    def processes(self):
        """All processes of the hub but the first."""
        return psutil.Process(self.process.pid).children(recursive=True)

    @property
    def log(self):
        return (self.home / "hub" / "hub.log").read_text(errors="replace")

    def client(self):
        """A stranger: knows the sign-in page and holds its XSRF cookie."""
        client = self.clients.enter_context(httpx.Client(base_url=self.url, timeout=60))
        client.get("/hub/login")
        return client

    def sign_in(self, client, name, password=None):
        return client.post(
            "/hub/login",
            params={"_xsrf": client.cookies.get("_xsrf", path="/hub/")},
            data={"username": name, "password": password or self.passwords[name]},
        )

    def member(self, name):
        """A client that has signed in, and sends the XSRF token as the pages do."""
        client = self.client()
        assert self.sign_in(client, name).status_code == 302
        client.get("/hub/home", follow_redirects=True)
        client.headers["X-XSRFToken"] = client.cookies.get("_xsrf", path="/hub/")
        client.headers["Referer"] = f"{self.url}/hub/home"
        return client

    def enter(self, page, name, path="/hub/home"):
        """Fill the sign-in page, as a person does."""
        page.goto(f"{self.url}/hub/login?next={path}")
        page.fill("#username_input", name)
        page.fill("#password_input", self.passwords[name])
        page.click("#login_submit")
        page.wait_for_load_state()

    def hcdc(self, *words):
        """Run the command `hcdc` on the center of this hub."""
        command = [str(Path(sys.executable).with_name("hcdc")), *words]
        return subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()


def _free_ports(n=4):
    """Find ports in a row that nobody listens on, by chance, as other hubs start meanwhile."""
    for first in random.sample(range(20_000, 32_000, n), 100):
        try:
            for port in range(first, first + n):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def _cost_s(process):
    """Seconds of one core that a process has used."""
    used = process.cpu_times()
    return used.user + used.system


@contextmanager
def _running_hub(home, **accounts):
    """Start a hub as a person would, and stop it at the end."""
    port = _free_ports()
    hub = Hub(f"http://127.0.0.1:{port}", home, home / "output.txt")
    for name, groups in accounts.items():
        hub.passwords[name] = hub.hcdc("users", "add", name, *(f"--group={g}" for g in groups))
    began = time.monotonic()
    with hub.output.open("w") as file:
        hub.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "hub_config"],
            cwd=hub.root,
            env=hub.environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        while "The hub is ready" not in (said := hub.output.read_text()):
            assert hub.process.poll() is None, said
            assert time.monotonic() - began < 120, said
            time.sleep(0.05)
        hub.started_in_s = time.monotonic() - began
        hub.start_cost_s = sum(_cost_s(found) for found in hub.processes)
        hub.passwords["admin"] = re.search(r"password  (\S+)", said)[1]
        yield hub
    finally:
        hub.clients.close()
        hub.process.terminate()
        hub.process.wait(60)


@pytest.fixture(scope="session")
def start_hub():
    """What starts one more hub, as a context."""
    return _running_hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    home = tmp_path_factory.mktemp("hub-home")
    accounts = {"ada": ["pi"], "ben": ["expert"], "stan": ["staff"], "gone": ["pi"]}
    with _running_hub(home, **accounts) as started:
        yield started


@pytest.fixture(scope="module")
def open_window(browser):
    """What opens an empty browser window, and keeps a picture of it when it closes."""

    @contextmanager
    def opened(picture):
        context = browser.new_context(viewport={"width": 1366, "height": 860})
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda message: _note(page.problems, message))
        try:
            yield page
        finally:
            page.screenshot(path=picture)
            context.close()

    return opened


def _note(problems, message):
    if message.type == "error":
        problems.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture
def page(open_window, request, tmp_path):
    with open_window(tmp_path / f"{request.node.name}.png") as opened:
        yield opened
