"""The notebook engine: limits, progress, dead kernels, replies that lie unread."""

import os
import time

import nbformat
import papermill
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from hcdc_kernel.errors import RunError
from hcdc_kernel.runner.engine import HcdcEngine


def book(*cells: str) -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {"name": "hcdc", "display_name": "x", "language": "python"}
    made.cells = [
        nbformat.v4.new_markdown_cell(text)
        if text.startswith("#")
        else nbformat.v4.new_code_cell(text)
        for text in cells
    ]
    return made


def run(tmp_path, *cells: str, **options) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        book(*cells), tmp_path / "out.ipynb", engine_name="hcdc", progress_bar=False, **options
    )


def test_papermill_knows_the_engine_by_name():
    assert papermill.engines.papermill_engines.get_engine("hcdc") is HcdcEngine


def test_a_notebook_runs_in_this_python_without_an_installed_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(KernelSpecManager, "kernel_dirs", [])
    done = run(tmp_path, "import sys, os; print(sys.prefix, os.environ['MARK'])",
               environment={"MARK": "here"})  # fmt: skip
    assert done.cells[0].outputs[0].text.split() == [__import__("sys").prefix, "here"]


def test_no_network_port_is_opened(tmp_path):
    code = (
        "from ipykernel.kernelapp import IPKernelApp; app = IPKernelApp.instance()\n"
        "print(app.transport, oct(os.stat(os.path.dirname(app.ip)).st_mode & 0o777))"
    )
    done = run(tmp_path, "import os\n" + code)
    assert done.cells[0].outputs[0].text.split() == ["ipc", "0o700"]


def test_progress_names_the_heading_reached(tmp_path):
    told = []
    run(tmp_path, "# Look", "1", "## Think", "2", progress=lambda _, text: told.append(text))
    assert told == ["Look", "Look", "Think", "Think"]


def test_a_failing_cell_is_kept_with_its_traceback(tmp_path):
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        run(tmp_path, "1/0", "print('never')")
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    outputs = [output for cell in kept.cells for output in cell.get("outputs", [])]
    assert [output.ename for output in outputs] == ["ZeroDivisionError"]


def test_a_notebook_that_takes_too_long_is_stopped_and_kept(tmp_path):
    begin = time.monotonic()
    with pytest.raises(RunError, match=r"longer than 2 s .found: cell 2 of 2") as caught:
        run(tmp_path, "print('first')", "import time; time.sleep(60)", wall_limit_s=2)
    assert time.monotonic() - begin < 10
    assert caught.value.__cause__ is not None
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert kept.cells[0].outputs[0].text == "first\n"
    assert "longer than 2 s" in kept.cells[1].outputs[-1].evalue


def test_a_cancelled_notebook_stops(tmp_path):
    with pytest.raises(RunError, match="cancelled"):
        run(tmp_path, "import time; time.sleep(60)", cancelled=lambda: True)


def test_a_killed_kernel_is_reported_with_its_signal(tmp_path):
    with pytest.raises(RunError, match="SIGKILL"):
        run(tmp_path, "import os, time; time.sleep(0.5); os.kill(os.getpid(), 9)")


def test_no_kernel_is_left_behind(tmp_path):
    done = run(tmp_path, "import os; print(os.getpid())")
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.cells[0].outputs[0].text), 0)


def test_a_reply_behind_an_output_widget_is_not_lost(tmp_path):
    pytest.importorskip("ipywidgets")
    cells = "import ipywidgets\nout = ipywidgets.Output()\nwith out:\n    print('inside')\nout"
    begin = time.monotonic()
    for place in range(3):
        run(tmp_path, cells, "2", wall_limit_s=30)
        assert place < 3
    assert time.monotonic() - begin < 30
