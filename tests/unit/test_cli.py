"""The command: what it writes where, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.io import fits

import hcdc_kernel as hcdc
from hcdc_kernel.cli import main
from hcdc_kernel.synthetic import small_scene, write_sequence

RECIPE = {
    "name": "short",
    "title": "Short",
    "steps": [{"center-star": {"method": "given"}}, "select-frames"],
}


@pytest.fixture
def description(tmp_path: Path) -> Path:
    return write_sequence(small_scene(), tmp_path / "night")


@pytest.fixture
def hcdc_command(hcdc_home: Path, capsys: pytest.CaptureFixture[str]):
    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def contents(home: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted((home / "store").rglob("*")) if p.is_file()}


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys; from hcdc_kernel.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'pydantic', 'sqlalchemy', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for word in ("demo", "ingest", "observations", "reduce", "recipes", "products", "provenance"):
        assert f" {word} " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_misspelled_command_ends_with_2(hcdc_command):
    code, out, err = hcdc_command("reduze")
    assert (code, out) == (2, "")
    assert "reduze" in err


def test_ingest_names_the_observation(hcdc_command, description):
    code, out, _ = hcdc_command("ingest", description)
    assert (code, out) == (0, f"{hcdc.Workspace.open().observations()[0].name}\n")


def test_json_is_all_that_stands_on_standard_output(hcdc_command, description):
    hcdc_command("ingest", description)
    for words in (["observations"], ["recipes"], ["runs"]):
        code, out, err = hcdc_command(*words, "--json")
        assert code == 0
        assert isinstance(json.loads(out), list)
        assert err == ""


def test_products_and_provenance_lead_back_to_the_files(hcdc_command, description):
    hcdc_command("ingest", description)
    name = hcdc.Workspace.open().observations()[0].name
    products = json.loads(hcdc_command("products", name, "--json")[1])
    assert {product["name"] for product in products} == {"cube", "psf"}
    _, tree, _ = hcdc_command("provenance", products[0]["uid"])
    assert "cube.fits" in tree
    assert "sha256" in tree
    told = json.loads(hcdc_command("provenance", products[0]["uid"], "--json")[1])
    assert told["wasDerivedFrom"]


def test_rerun_says_identical_or_why_not(hcdc_command, description, tmp_path):
    hcdc_command("ingest", description)
    workspace = hcdc.Workspace.open()
    name = workspace.observations()[0].name
    (tmp_path / "short.yaml").write_text(yaml.safe_dump(RECIPE))
    workspace.start(name, str(tmp_path / "short.yaml")).run()
    made = [product for product in workspace.products(name) if product.step][-1]
    code, out, _ = hcdc_command("rerun", made.uid)
    assert (code, "identical, bit by bit" in out) == (0, True)
    code, out, err = hcdc_command("rerun", workspace.products(name)[0].uid)
    assert (code, out) == (1, "")
    assert err.startswith("hcdc: ")


def test_a_recipe_is_shown_with_its_settings(hcdc_command):
    _, out, _ = hcdc_command("recipes", "adi-pca")
    assert "subtract-psf.model=pca" in out


def test_an_observation_that_is_not_there_is_an_error(hcdc_command):
    code, out, err = hcdc_command("reduce", "nothing")
    assert (code, out) == (1, "")
    assert err.startswith("hcdc: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("subtract-psf.n_mods=3", "Unknown setting"),
        ("subtract-psf.model=magic", "magic"),
        ("no-such-step.x=3", "no-such-step"),
        ("nonsense", "step.setting=value"),
    ],
)
def test_a_wrong_setting_is_said_and_changes_nothing(
    hcdc_command, hcdc_home, description, change, said
):
    hcdc_command("ingest", description)
    before = contents(hcdc_home)
    name = hcdc.Workspace.open().observations()[0].name
    code, out, err = hcdc_command("reduce", name, "--set", change)
    assert (code, out) == (1, "")
    assert said in err
    assert contents(hcdc_home) == before
    assert hcdc.Workspace.open().runs() == []


def truncated(folder: Path) -> None:
    cube = folder / "cube.fits"
    cube.write_bytes(cube.read_bytes()[: cube.stat().st_size // 2])


def nan_angles(folder: Path) -> None:
    change_angles(folder, lambda angles: np.where(np.arange(angles.size) == 3, np.nan, angles))


def too_few_angles(folder: Path) -> None:
    change_angles(folder, lambda angles: angles[:-1])


def change_angles(folder: Path, change) -> None:
    (path,) = folder.glob("*angles*")
    fits.writeto(path, change(fits.getdata(path).astype(float)), overwrite=True)


def no_psf(folder: Path) -> None:
    (folder / "psf.fits").unlink()


def wrong_unit(folder: Path) -> None:
    (path,) = folder.glob("*.yaml")
    told = yaml.safe_load(path.read_text())
    told["pixel_scale"] = "3 s"
    path.write_text(yaml.safe_dump(told))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, "truncated"),
        (nan_angles, "finite"),
        (too_few_angles, "23"),
        (no_psf, "psf"),
        (wrong_unit, "angle"),
    ],
)
def test_broken_input_gets_one_clear_message_and_changes_nothing(
    hcdc_command, hcdc_home, description, spoil, said
):
    spoil(description.parent)
    code, out, err = hcdc_command("ingest", description)
    assert (code, out) == (1, "")
    assert said in err.lower()
    assert len(err.strip().splitlines()) == 1
    assert contents(hcdc_home) == {}
    assert hcdc.Workspace.open().observations() == []


def test_a_store_that_cannot_be_written_is_said(hcdc_command, hcdc_home, description):
    (hcdc_home / "store").write_text("a file where the folder should be")
    code, out, err = hcdc_command("ingest", description)
    assert (code, out) == (1, "")
    assert "HCDC_HOME" in err
    (hcdc_home / "store").unlink()
    assert hcdc.Workspace.open().observations() == []


def test_a_new_password_is_shown_once_and_works(hcdc_command):
    code, password, err = hcdc_command("users", "add", "Ada", "--group", "expert")
    assert (code, "shown this once" in err) == (0, True)
    from hcdc_kernel.cli.users import accounts

    assert accounts().verify("ada", password.strip()).groups == ("expert",)
    listed = json.loads(hcdc_command("users", "list", "--json")[1])
    assert [(user["name"], user["active"]) for user in listed] == [("ada", True)]
    assert password.strip() not in json.dumps(listed)


def test_a_deactivated_user_cannot_sign_in(hcdc_command):
    _, password, _ = hcdc_command("users", "add", "bob")
    hcdc_command("users", "deactivate", "bob")
    from hcdc_kernel.cli.users import accounts

    assert accounts().verify("bob", password.strip()) is None


def test_letters_that_a_terminal_does_not_know_are_no_error(hcdc_home):
    done = subprocess.run(
        [sys.executable, "-c", "from hcdc_kernel.cli import main; main(['reduce', 'β Pic'])"],
        capture_output=True,
        env={"HCDC_HOME": str(hcdc_home), "PYTHONIOENCODING": "ascii", "PATH": ""},
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_the_version_is_told(hcdc_command):
    assert hcdc_command("--version")[1].startswith("hcdc ")
