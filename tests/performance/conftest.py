"""Speed tests run when asked for, with ``-m performance``: a busy machine would fail them."""

import pytest


def pytest_collection_modifyitems(config, items):
    if "performance" in config.getoption("-m"):
        return
    skip = pytest.mark.skip(reason="asked for with -m performance")
    for item in items:
        if item.get_closest_marker("performance"):
            item.add_marker(skip)
