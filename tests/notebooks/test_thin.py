"""Notebooks call; they do not compute."""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").rglob("*.ipynb"))
LONGEST_CELL = 15  # lines
FORBIDDEN = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.For, ast.AsyncFor,
    ast.While, ast.Try, ast.With, ast.AsyncWith, ast.comprehension,
)  # fmt: skip


def cells(path: Path, kind: str) -> list[dict]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def test_there_is_a_batch_notebook():
    assert [path.name for path in NOTEBOOKS if path.parent.name == "batch"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_cells_are_short_and_only_call(path):
    for cell in cells(path, "code"):
        source = "".join(cell["source"])
        found = {type(node).__name__ for node in ast.walk(ast.parse(source))}
        assert not found & {kind.__name__ for kind in FORBIDDEN}, source
        assert len(source.splitlines()) <= LONGEST_CELL, source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_carry_no_outputs(path):
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_explain_themselves(path):
    texts = ["".join(cell["source"]) for cell in cells(path, "markdown")]
    assert texts[0].startswith("# ")
    assert path.parent.name == "dashboards" or len("".join(texts)) > 500


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not [word for word in ("/home/", "/root", "/work", "/tmp") if word in text]
