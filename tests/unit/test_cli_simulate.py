"""`hcdc simulate` writes what it was asked for, and refuses what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hcdc_kernel.cli import main
from hcdc_kernel.synthetic.irdis import Truth

QUICK = [
    word
    for kind in ("flat", "background", "dark", "center", "flux", "sparta")
    for word in ("--omit", kind)
]


def run(*words: str) -> int:
    """Run the command; its exit status."""
    with pytest.raises(SystemExit) as stopped:
        main(["simulate", *words])
    return int(stopped.value.code or 0)


def test_options_arrive_in_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run(
        "irdis-ci", "--out", str(tmp_path / "n"), "--files", "2", "--ndit", "1", "--gap", "300",
        "--rotation", "20", "--planet", "500,120,1e-4", "--binary", "900,10,0.02",
        "--disk", "700,75,30,1e-3", "--field-tracking", "--seed", "4", *QUICK,
    )  # fmt: skip
    assert status == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "n")
    truth = Truth.read(tmp_path / "n")
    assert [(p.separation_mas, p.contrast) for p in truth.planets] == [
        (500.0, 1e-4),
        (900.0, 0.02),
    ]
    assert truth.scene["filter"] == "BB_H"
    assert truth.scene["disk"]["radius_mas"] == 700.0
    assert truth.scene["seed"] == 4
    assert {file.kind for file in truth.files} == {"science"}
    assert truth.files[0].derotation_deg[0] == pytest.approx(-1.75)


@pytest.mark.parametrize(
    "words",
    [
        ["irdis-ci", "--filter", "DB_K12"],
        ["irdis-dbi", "--planet", "500,120"],
        ["irdis-dbi", "--planet", "near"],
        ["irdis-dbi", "--disk", "500,75"],
        ["irdis-dbi", "--omit", "weather"],
        ["irdis-dbi", "--date", "tomorrow"],
        ["irdis-dbi", "--flux-nd", "ND_9"],
    ],
)
def test_what_cannot_be_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--out", str(tmp_path / "n")) == 1
    assert "hcdc: " in capsys.readouterr().err
