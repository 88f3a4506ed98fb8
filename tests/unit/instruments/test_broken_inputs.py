"""Each thing that can be wrong with a sequence gets one clear message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hcdc_kernel.errors import ConfigError, DataError, FileFormatError, InputError, UnitError


def test_truncated_cube(files: Any) -> None:
    path = files.folder / "cube.fits"
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(FileFormatError, match=r"truncated.*cube\.fits"):
        files.load()


def test_cube_that_is_no_fits(files: Any) -> None:
    (files.folder / "cube.fits").write_text("<html>Not found</html>" * 200)
    with pytest.raises(FileFormatError, match="cannot be read as a FITS file"):
        files.load()


def test_angles_with_nan_name_the_frames(files: Any) -> None:
    angles = files.get("parallactic_angles.fits")
    angles[[1, 4]] = np.nan
    files.put("parallactic_angles.fits", angles)
    with pytest.raises(DataError, match=r"angles must be finite.*at 1, 4 \(counted from 0\) of 6"):
        files.load()


def test_other_number_of_angles_names_both_numbers(files: Any) -> None:
    files.put("parallactic_angles.fits", np.arange(5.0))
    with pytest.raises(DataError, match="5 angles, 6 frames of the cube"):
        files.load()


def test_missing_psf_says_what_it_is_for(files: Any) -> None:
    files.edit(lambda content: content.pop("psf"))
    with pytest.raises(ConfigError, match=r"'psf' is missing.*Contrasts and fluxes"):
        files.load()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pixel_scale", "3.0 s", r"'pixel_scale'.*expected angle, got 3\.0 s"),
        ("wavelengths", ["1.6 deg", "1.7 deg"], r"expected length, got 1\.6 deg"),
        ("dit", "2 um", r"'dit'.*expected time, got 2\.0 um"),
    ],
)
def test_wrong_units(files: Any, key: str, value: Any, words: str) -> None:
    files.edit(lambda content: content.update({key: value}))
    with pytest.raises(UnitError, match=words):
        files.load()


def test_wrong_unit_of_the_angles_in_a_file(files: Any) -> None:
    files.edit(lambda content: content["angles"].update(unit="s"))
    with pytest.raises(UnitError, match=r"'angles'.*expected angle"):
        files.load()


def test_wrong_unit_of_the_offset(files: Any) -> None:
    files.edit(lambda content: content["angles"].update(offset="1 um"))
    with pytest.raises(UnitError, match=r"'angles\.offset'.*expected angle, got 1\.0 um"):
        files.load()


def test_pixel_scale_in_arcsec_without_unit_is_noticed(files: Any) -> None:
    files.edit(lambda content: content.update(pixel_scale=0.012))
    with pytest.raises(ConfigError, match=r"'pixel_scale'.*greater than 0\.1"):
        files.load()


def test_unknown_key_names_those_known(files: Any) -> None:
    files.edit(lambda content: content.update(pixelscale="12 mas"))
    with pytest.raises(ConfigError, match=r"Unknown key 'pixelscale'.*Choose from.*pixel_scale"):
        files.load()


@pytest.mark.parametrize(
    ("part", "known"), [("cube", "axes"), ("angles", "offset"), ("references", "star_xy")]
)
def test_unknown_key_within_a_part_names_those_known_there(
    files: Any, part: str, known: str
) -> None:
    files.edit(lambda content: content[part].update(hudd=1))
    with pytest.raises(ConfigError, match=rf"Unknown key '{part}\.hudd'.*Choose from.*{known}"):
        files.load()


def test_missing_file_is_named(files: Any) -> None:
    (files.folder / "psf.fits").unlink()
    with pytest.raises(FileFormatError, match=r"'psf' is missing.*psf\.fits"):
        files.load()


@pytest.mark.parametrize("name", ["../cube.fits", "/etc/hostname", "a/../../cube.fits"])
def test_files_outside_the_root_are_refused(files: Any, name: str) -> None:
    files.edit(lambda content: content["cube"].update(file=name))
    with pytest.raises(FileFormatError, match="outside the folder"):
        files.load()


def test_links_that_lead_outside_the_root_are_refused(files: Any, tmp_path: Any) -> None:
    (files.folder / "cube.fits").rename(tmp_path / "elsewhere.fits")
    (files.folder / "cube.fits").symlink_to(tmp_path / "elsewhere.fits")
    with pytest.raises(FileFormatError, match="outside the folder"):
        files.load()


def test_wrong_number_of_wavelengths_names_both_numbers(files: Any) -> None:
    files.edit(lambda content: content.update(wavelengths="1.6 um"))
    with pytest.raises(DataError, match="1 wavelengths, 2 channels of the cube"):
        files.load()


def test_wavelengths_in_nanometers_without_unit_are_noticed(files: Any) -> None:
    files.edit(lambda content: content.update(wavelengths=[1593, 1667]))
    with pytest.raises(DataError, match="Wavelengths must lie between"):
        files.load()


def test_psf_with_wrong_channels_names_both_numbers(files: Any) -> None:
    files.put("psf.fits", files.get("psf.fits")[:1])
    with pytest.raises(DataError, match=r"channels of PSF and cube differ.*1 in .*2 in the cube"):
        files.load()


def test_psf_without_a_star(files: Any) -> None:
    files.put("psf.fits", np.zeros((2, 21, 21)))
    with pytest.raises(DataError, match=r"cannot serve as a PSF.*no star.*channel 0"):
        files.load()


def test_frames_without_any_data_are_named(files: Any) -> None:
    cube = files.get("cube.fits")
    cube[:, 3] = np.nan
    files.put("cube.fits", cube)
    with pytest.raises(DataError, match=r"hold no data at all.*in frames 3"):
        files.load()


def test_other_number_of_axes_names_shape_and_axes(files: Any) -> None:
    files.edit(lambda content: content["cube"].update(axes=["time", "y", "x"]))
    with pytest.raises(FileFormatError, match=r"has 4 axes.*names 3.*\(2, 6, 41, 41\)"):
        files.load()


@pytest.mark.parametrize("axes", [["time", "y"], ["y", "y", "x"], ["t", "y", "x"], []])
def test_axes_that_make_no_sense(files: Any, axes: list[str]) -> None:
    files.edit(lambda content: content["cube"].update(axes=axes))
    with pytest.raises(ConfigError, match=r"'cube\.axes"):
        files.load()


def test_hdu_that_is_not_there(files: Any) -> None:
    files.edit(lambda content: content["cube"].update(hdu="SCI"))
    with pytest.raises(FileFormatError, match=r"no HDU 'SCI'.*0: PRIMARY"):
        files.load()


def test_references_of_other_size(files: Any) -> None:
    files.put("references.fits", files.get("references.fits")[..., :-2])
    with pytest.raises(DataError, match="Reference frames differ"):
        files.load()


def test_references_with_other_channels(files: Any) -> None:
    files.put("references.fits", files.get("references.fits")[:1])
    with pytest.raises(DataError, match="1 channels of the references, 2 channels of the cube"):
        files.load()


def test_psf_without_any_scaling(files: Any) -> None:
    files.edit(lambda content: [content["psf"].pop(key) for key in ("dit", "nd_transmission")])
    with pytest.raises(ConfigError, match="exactly one way: star_flux with aperture_radius"):
        files.load()


def test_psf_with_two_scalings(files: Any) -> None:
    files.edit(lambda content: content["psf"].update(in_cube_units=True))
    with pytest.raises(ConfigError, match="exactly one way"):
        files.load()


@pytest.mark.parametrize("lost", ["nd_transmission", "dit"])
def test_scaling_with_a_part_missing(files: Any, lost: str) -> None:
    def change(content: dict[str, Any]) -> None:
        (content["psf"] if lost == "nd_transmission" else content).pop(lost)

    files.edit(change)
    with pytest.raises(ConfigError, match=r"needs (nd_transmission|the exposure time)"):
        files.load()


def test_flux_without_its_radius(files: Any) -> None:
    psf = {"file": "psf.fits", "axes": ["wave", "y", "x"], "star_flux": 1.0e6}
    files.edit(lambda content: content.update(psf=psf))
    with pytest.raises(ConfigError, match="star_flux needs aperture_radius"):
        files.load()


def test_flux_of_three_channels_for_two(files: Any) -> None:
    psf = {
        "file": "psf.fits", "axes": ["wave", "y", "x"],
        "star_flux": [1.0, 2.0, 3.0], "aperture_radius": "2 pix",
    }  # fmt: skip
    files.edit(lambda content: content.update(psf=psf))
    with pytest.raises(DataError, match=r"psf\.star_flux.*3 for 2 channels"):
        files.load()


@pytest.mark.parametrize("night", ["31.01.2013", "2013-02-30", 20130131])
def test_nights_that_are_no_dates(files: Any, night: Any) -> None:
    files.edit(lambda content: content.update(night=night))
    with pytest.raises(ConfigError, match="YYYY-MM-DD"):
        files.load()


def test_star_outside_the_images(files: Any) -> None:
    files.edit(lambda content: content.update(star_xy=[60, 10]))
    with pytest.raises(DataError, match="outside the images"):
        files.load()


def test_angles_both_inline_and_in_a_file(files: Any) -> None:
    files.edit(lambda content: content["angles"].update(values=[1, 2, 3, 4, 5, 6]))
    with pytest.raises(ConfigError, match="either the numbers themselves or a file"):
        files.load()


def test_numbers_that_are_no_list(files: Any) -> None:
    files.put("parallactic_angles.fits", np.zeros((3, 2)))
    with pytest.raises(FileFormatError, match=r"plain list of angles.*\(3, 2\)"):
        files.load()


def test_text_that_is_no_numbers(files: Any) -> None:
    (files.folder / "angles.txt").write_text("one two three\n")
    files.edit(lambda content: content["angles"].update(file="angles.txt"))
    with pytest.raises(FileFormatError, match=r"No numbers.*angles\.txt"):
        files.load()


def test_column_that_is_not_there(files: Any) -> None:
    files.edit(lambda content: content["angles"].update(column="PA"))
    with pytest.raises(FileFormatError, match="no column 'PA'"):
        files.load()


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "format: hcdc-sequence-9\n", "a: [1\n", "target: a\ntarget: b\n", "\x00"],
)
def test_files_that_are_no_description(files: Any, text: str) -> None:
    files.path.write_text(text)
    with pytest.raises(InputError) as caught:
        files.load()
    assert str(files.path) in str(caught.value)
    assert caught.value.remedy
