"""A hub that is told to stop leaves no process behind."""

import os
import signal
import subprocess
import time

import psutil
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def busy_hub(start_hub, tmp_path):
    """A hub with a user's server."""
    with start_hub(tmp_path, ada=["pi"]) as hub:
        client = hub.member("ada")
        assert client.post("/hub/api/users/ada/server").status_code in (201, 202)
        end = time.monotonic() + 60
        while not client.get("/hub/api/users/ada").json()["servers"].get("", {}).get("ready"):
            assert time.monotonic() < end, hub.log[-2000:]
            time.sleep(0.2)
        yield hub


def _stop(hub, number):
    processes = hub.processes
    assert len(processes) >= 5  # hub, proxy, culler, dashboards, the user's server
    os.kill(hub.process.pid, number)
    began = time.monotonic()
    assert hub.process.wait(60) == 0
    _, alive = psutil.wait_procs(processes, timeout=1)
    assert not alive
    return time.monotonic() - began


def test_a_second_hub_says_that_the_port_is_taken_and_an_interrupt_stops_all(busy_hub):
    port = int(busy_hub.url.rsplit(":", 1)[1])
    second = subprocess.run(
        busy_hub.process.args,
        cwd=busy_hub.root,
        env=busy_hub.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"Port {port} is taken" in second.stderr
    assert "HCDC_HUB_PORT" in second.stderr
    assert _stop(busy_hub, signal.SIGINT) < 20
    assert "The hub has stopped." in busy_hub.output.read_text()


def test_what_a_killed_hub_leaves_behind_is_ended(start_hub, tmp_path):
    with start_hub(tmp_path) as hub:
        processes = hub.processes
        (jupyterhub,) = [found for found in processes if "jupyterhub" in found.cmdline()]
        jupyterhub.kill()
        assert hub.process.wait(30) == 1
        assert "stopped by itself" in hub.output.read_text()
        _, alive = psutil.wait_procs(processes, timeout=1)
        assert not alive
