"""The face of the library: complete, documented, cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hcdc_kernel as hcdc


@pytest.mark.parametrize("name", hcdc.__all__)
def test_every_public_name_exists_and_is_documented(name):
    assert (getattr(hcdc, name).__doc__ or "").strip()


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(hcdc.__file__).read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node)
    )
    seen = {name.asname for node in block.body for name in node.names}
    assert seen == set(hcdc.__all__)


def test_completion_offers_every_name():
    assert set(hcdc.__all__) <= set(dir(hcdc))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = hcdc.Nothing


def test_importing_the_library_loads_nothing_heavy():
    code = "import sys, hcdc_kernel; print([m for m in ('numpy', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
