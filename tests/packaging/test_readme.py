"""What the README promises is there."""

import re

import pytest
import typer.main
import yaml

import hcdc_kernel as hcdc
from hcdc_kernel.cli.app import app
from hcdc_kernel.instruments.fields import SequenceFields
from hcdc_kernel.recipes import recipe_names
from hcdc_kernel.settings import Settings
from hcdc_kernel.synthetic import make_sequence, small_scene


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text()


def _blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_every_command_is_explained(readme):
    commands = typer.main.get_command(app).commands
    told = set(re.findall(r"^\| `hcdc ([a-z]+)", readme, flags=re.MULTILINE))
    assert told == set(commands)


def test_every_setting_is_explained_with_its_default(readme):
    row = r"^\| `(HCDC_[A-Z_]+)` \| ([^|]+) \|"
    told = dict(re.findall(row, readme, flags=re.MULTILINE))
    assert set(told) == {f"HCDC_{name.upper()}" for name in Settings.model_fields}
    for name in ("HUB_PORT", "HUB_IDLE_S", "HUB_SPAWNER"):
        assert told[f"HCDC_{name}"].strip("`") == str(Settings.model_fields[name.lower()].default)


def test_every_recipe_is_named(readme):
    assert all(f"`{name}`" in readme for name in recipe_names())


def test_the_described_sequence_is_valid_and_every_field_is_explained(readme):
    (text,) = _blocks(readme, "yaml")
    SequenceFields.model_validate(yaml.safe_load(text))
    section = readme.split("## Describe a sequence")[1].split("## Exported products")[0]
    assert all(f"`{name}`" in section for name in SequenceFields.model_fields)


def test_the_psf_model_of_ones_own_works(readme):
    (block,) = [code for code in _blocks(readme, "python") if "TrimmedMean" in code]
    names = {"sequence": make_sequence(small_scene())}
    exec(block, names)
    assert len(names["result"].results["candidates"]) > 0
    used = next(
        record
        for record in names["result"].results["residual"].history
        if record.step == "subtract-psf"
    )
    assert used.config["model"] == "trimmed-mean"


def test_the_calls_of_the_expert_exist():
    assert {"ingest", "start"} <= set(dir(hcdc.Workspace))
    assert {"run", "result"} <= set(dir(hcdc.Reduction))


def test_links_within_the_readme_lead_somewhere(readme, root):
    headings = re.findall(r"^##+ (.*)$", readme, flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}
    for target in re.findall(r"\]\(([^)]+)\)", readme):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif "://" not in target:
            assert (root / target).exists()
