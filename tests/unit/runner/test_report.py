"""The report: one page that needs nothing else."""

import re
from html.parser import HTMLParser

import nbformat
import pytest

from hcdc_kernel.runner.report import write_report

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def output(**data: str) -> nbformat.NotebookNode:
    metadata = {"image/png": {"alt": 'The "star" & β Pictoris'}} if "image/png" in data else {}
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def page(tmp_path, *outputs: nbformat.NotebookNode) -> str:
    book = nbformat.v4.new_notebook()
    book.metadata.papermill = {
        "parameters": {"observation": "beta-Pic <b>", "recipe": "adi-pca"},
        "end_time": "2024-01-02T03:04:05.6+00:00",
    }
    book.cells = [
        nbformat.v4.new_markdown_cell("# Étoile à haut contraste\n\nDéjà vu."),
        nbformat.v4.new_markdown_cell("## Ce qui reste\n\nText."),
        nbformat.v4.new_code_cell("secret_call()", outputs=list(outputs)),
    ]
    nbformat.write(book, tmp_path / "executed.ipynb")
    write_report(tmp_path / "executed.ipynb", tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_has_title_language_and_contents(tmp_path):
    html = page(tmp_path)
    assert "<title>Étoile à haut contraste: beta-Pic &lt;b&gt;</title>" in html
    assert '<html lang="en">' in html
    assert html.count("<h1") == 1
    anchor = re.search(r'<a href="#([^"]+)">Ce qui reste</a>', html)[1]
    assert f'id="{anchor}"' in html


def test_the_page_fetches_nothing_and_runs_nothing(tmp_path):
    html = page(tmp_path, output(**{"image/png": PIXEL}))
    assert "<script" not in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_figures_carry_their_description(tmp_path):
    html = page(tmp_path, output(**{"image/png": PIXEL}))
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, values: found.append(dict(values)) if tag == "img" else 0
    parser.feed(html)
    assert [image["alt"] for image in found] == ['The "star" & β Pictoris']
    assert "Figure 1." in html


def test_tables_stand_in_the_page(tmp_path):
    assert "<table><tr>" in page(tmp_path, output(**{"text/html": "<table><tr></tr></table>"}))


def test_code_is_folded_away(tmp_path):
    html = page(tmp_path)
    assert re.search(r"<details[^>]*><summary>Code</summary><pre><code>secret_call", html)


def test_names_from_the_archive_are_escaped(tmp_path):
    html = page(tmp_path)
    assert "beta-Pic &lt;b&gt;" in html
    assert "2024-01-02 03:04 UTC" in html


def test_a_failure_says_where_and_why(tmp_path):
    error = nbformat.v4.new_output(
        "error", ename="DataError", evalue="No <star>.", traceback=["\x1b[31mred\x1b[0m line 1"]
    )
    html = page(tmp_path, error)
    assert "No &lt;star&gt;." in html
    assert "red line 1" in html
    assert "\x1b" not in html


@pytest.mark.parametrize("word", ["@media print", "@page", "color-scheme"])
def test_the_page_is_made_for_paper_and_light(tmp_path, word):
    assert word in page(tmp_path)
