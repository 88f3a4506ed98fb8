"""Every data object goes to a file and comes back as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hcdc_kernel.datamodel import (
    EXPOSURE_KINDS,
    Candidates,
    ContrastCurve,
    Cube,
    Data,
    DetectionMap,
    Exposure,
    Exposures,
    Frames,
    Identity,
    Master,
    Psf,
    Quality,
    QualityNote,
    Residual,
    StarPositions,
    StepRecord,
)
from hcdc_kernel.errors import FileFormatError, StoreError
from hcdc_kernel.io import read_data, read_fits, write_data

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
plain = st.floats(0.5, 1e4, allow_subnormal=False)
numbers = st.floats(allow_nan=True, allow_infinity=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
identities = st.builds(Identity, texts, texts, texts, texts)
histories = st.lists(
    st.builds(
        StepRecord,
        step=texts,
        version=st.integers(0, 1000),
        config=st.dictionaries(texts, json_values, max_size=3),
        inputs=st.dictionaries(texts, texts, max_size=2),
        software=st.dictionaries(texts, texts, max_size=2),
    ),
    max_size=3,
).map(tuple)


def vector(n: int, elements: Any = numbers) -> Any:
    return hnp.arrays(np.float64, n, elements=elements)


def images(shape: tuple[int, ...], **more: Any) -> Any:
    return hnp.arrays(np.float32, shape, elements=st.floats(width=32, **more))


@st.composite
def cubes(draw: Any) -> Cube:
    n_wave, n_time, n_y, n_x = draw(st.tuples(*[st.integers(1, 4)] * 4))
    shape = (n_wave, n_time, n_y, n_x)
    frames = Frames(
        mjd=draw(vector(n_time, st.floats(4e4, 7e4) | st.just(np.nan))),
        parallactic_deg=draw(vector(n_time)),
        derotation_deg=draw(vector(n_time, st.floats(-720, 720))),
        usable=draw(hnp.arrays(np.bool_, n_time)),
        reason=tuple(draw(st.lists(texts, min_size=n_time, max_size=n_time))),
        exposure=tuple(draw(st.lists(texts, min_size=n_time, max_size=n_time))),
        dit_index=draw(hnp.arrays(np.int64, n_time, elements=st.integers(0, 10**6))),
        conditions=draw(
            st.dictionaries(
                st.sampled_from(["strehl", "seeing_arcsec", "background_scale"]), vector(n_time)
            )
        ),
    )
    variance = draw(st.none() | images(shape))
    flags = draw(st.none() | hnp.arrays(np.uint8, shape))
    return Cube(
        data=draw(images(shape)),
        frames=frames,
        wavelength_um=draw(vector(n_wave, plain)),
        star_xy_px=draw(hnp.arrays(np.float64, (n_wave, n_time, 2), elements=plain)),
        pixel_scale_mas=draw(plain),
        identity=draw(identities),
        unit=draw(texts),
        variance=variance,
        flags=flags,
        found_xy_px=draw(st.none() | hnp.arrays(np.float64, (n_wave, n_time, 2), elements=plain)),
        notes=tuple(draw(st.lists(texts, max_size=2))),
        history=draw(histories),
    )


@st.composite
def psfs(draw: Any) -> Psf:
    n_wave, size = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3, 5]))
    n_knots = draw(st.integers(0, 3))
    finite = images((n_wave, size, size), allow_nan=False, allow_infinity=False)
    return Psf(
        data=draw(finite),
        fwhm_px=draw(vector(n_wave, plain)),
        star_flux=draw(vector(n_wave, plain)),
        wavelength_um=draw(vector(n_wave, plain)),
        pixel_scale_mas=draw(plain),
        identity=draw(identities),
        absolute=draw(st.booleans()),
        transmission_mas=np.arange(n_knots, dtype=np.float64),
        transmission=draw(vector(n_knots, st.floats(0, 1))),
        notes=tuple(draw(st.lists(texts, max_size=2))),
        history=draw(histories),
    )


@st.composite
def raw_exposures(draw: Any) -> Exposure:
    return Exposure(
        name=draw(texts),
        path=Path("/data") / draw(st.from_regex(r"[a-zé]{1,9}\.fits", fullmatch=True)),
        camera="vlt-irdis",
        kind=draw(st.sampled_from(EXPOSURE_KINDS)),
        size=draw(st.integers(0, 2**40)),
        target=draw(texts),
        start_mjd=draw(st.floats(4e4, 7e4) | st.just(np.nan)),
        elements=draw(st.dictionaries(texts, texts, max_size=2)),
        dither_xy_px=draw(st.tuples(st.floats(-9, 9), st.floats(-9, 9))),
        loops_closed=draw(st.none() | st.booleans()),
        notes=tuple(draw(st.lists(texts, max_size=2))),
    )


@st.composite
def calibrations(draw: Any) -> Exposures | Master | StarPositions:
    kind = draw(st.sampled_from([Exposures, Master, StarPositions]))
    common: dict[str, Any] = {"identity": draw(identities), "history": draw(histories)}
    n_y, n_x, n = draw(st.tuples(*[st.integers(1, 4)] * 3))
    if kind is Exposures:
        return Exposures(tuple(draw(st.lists(raw_exposures(), max_size=3))), **common)
    if kind is Master:
        return Master(
            kind=draw(st.sampled_from(["background", "flat"])),
            data=draw(images((n_y, n_x))),
            variance=draw(images((n_y, n_x))),
            flags=draw(hnp.arrays(np.uint8, (n_y, n_x))),
            setup=draw(st.dictionaries(texts, texts | plain, max_size=3)),
            quality=draw(
                st.dictionaries(st.sampled_from(["n_bad", "level_adu"]), numbers, max_size=2)
            ),
            unit=draw(texts),
            **common,
        )
    return StarPositions(
        xy_px=draw(hnp.arrays(np.float64, (n, 2, 2), elements=plain)),
        error_px=draw(hnp.arrays(np.float64, (n, 2), elements=numbers)),
        mjd=draw(vector(n)),
        dither_xy_px=draw(hnp.arrays(np.float64, (n, 2), elements=plain)),
        exposure=tuple(draw(st.lists(texts, min_size=n, max_size=n))),
        spots_xy_px=draw(hnp.arrays(np.float64, (n, 2, 4, 2), elements=numbers)),
        image=draw(images((2, n_y, n_x))),
        image_corner_xy_px=draw(hnp.arrays(np.float64, (2, 2), elements=plain)),
        method=draw(texts),
        **common,
    )


@st.composite
def maps(draw: Any) -> Residual | DetectionMap:
    n_wave, n_y, n_x = draw(st.tuples(*[st.integers(1, 5)] * 3))
    common: dict[str, Any] = {
        "wavelength_um": draw(vector(n_wave, plain)),
        "pixel_scale_mas": draw(plain),
        "identity": draw(identities),
        "history": draw(histories),
    }
    data = draw(images((n_wave, n_y, n_x)))
    if draw(st.booleans()):
        return Residual(data=data, unit=draw(texts), **common)
    return DetectionMap(snr=data, fwhm_px=draw(plain), **common)


@st.composite
def tables(draw: Any) -> ContrastCurve | Candidates | Quality:
    kind, n = draw(st.sampled_from([ContrastCurve, Candidates, Quality])), draw(st.integers(0, 4))
    common: dict[str, Any] = {"identity": draw(identities), "history": draw(histories)}
    if kind is ContrastCurve:
        n_wave = draw(st.integers(1, 3))
        plane = hnp.arrays(np.float64, (n_wave, n), elements=numbers)
        return ContrastCurve(
            separation_mas=draw(vector(n)),
            contrast=draw(plane),
            throughput=draw(plane),
            wavelength_um=draw(vector(n_wave)),
            n_sigma=draw(plain),
            method=draw(texts),
            **common,
        )
    if kind is Candidates:
        names = [f.name for f in fields(Candidates)][1:-2]
        columns = {name: draw(vector(n)) for name in names}
        label = tuple(draw(st.lists(texts, min_size=n, max_size=n)))
        return Candidates(label=label, **columns, **common)
    light = st.sampled_from(["good", "fair", "poor"])
    note = st.builds(QualityNote, texts, numbers, texts, light, texts)
    return Quality(notes=tuple(draw(st.lists(note, min_size=n, max_size=n))), **common)


anything = st.one_of(cubes(), psfs(), maps(), tables(), calibrations())


def assert_same(one: Any, other: Any) -> None:
    """Compare field by field; NaN equals NaN."""
    assert type(one) is type(other)
    if is_dataclass(one):
        for part in fields(one):
            assert_same(getattr(one, part.name), getattr(other, part.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert set(one) == set(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other or (one != one and other != other)


def test_conditions_of_frames_come_back(planet_cube: Cube, tmp_path: Path) -> None:
    seeing = np.linspace(0.5, 1.5, planet_cube.n_time)
    seeing[3] = np.nan
    conditions = {"seeing_arcsec": seeing, "strehl": seeing / 2}
    cube = replace(planet_cube, frames=replace(planet_cube.frames, conditions=conditions))
    write_data(tmp_path / "cube.fits", cube)
    assert_same(cube, read_data(tmp_path / "cube.fits"))


@given(anything)
def test_data_come_back_as_they_were_and_equal_data_give_equal_bytes(data: Data) -> None:
    with TemporaryDirectory() as folder:
        one, other = Path(folder) / "one.fits", Path(folder) / "other.fits"
        write_data(one, data)
        assert_same(data, read_data(one))
        write_data(other, read_data(one))
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.skipif(shutil.which("fitsverify") is None, reason="fitsverify is not installed")
@settings(max_examples=8)
@given(anything)
def test_files_pass_fitsverify(data: Data) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.fits"
        write_data(path, data)
        said = subprocess.run(["fitsverify", "-q", path], capture_output=True, text=True)
        assert said.returncode == 0, said.stdout
        assert "0 warnings and 0 errors" in said.stdout or "OK" in said.stdout


def test_every_kind_of_data_is_covered() -> None:
    assert set(get_args(Data)) == {
        Exposures, Master, StarPositions,
        Cube, Psf, Residual, DetectionMap, ContrastCurve, Candidates, Quality,
    }  # fmt: skip


def test_arrays_are_in_the_byte_order_of_the_machine(planet_cube: Cube, tmp_path: Path) -> None:
    write_data(tmp_path / "cube.fits", planet_cube)
    back = read_data(tmp_path / "cube.fits")
    assert isinstance(back, Cube)
    assert back.data.dtype.isnative
    assert back.frames.mjd.dtype.isnative
    assert back.data.flags.c_contiguous


def test_history_stands_in_the_header_for_people(planet_cube: Cube, tmp_path: Path) -> None:
    done = StepRecord("select-frames", 2, {"sigma": 3.0}, {}, {"numpy": "2"})
    write_data(tmp_path / "cube.fits", replace(planet_cube, history=(done,)))
    header = read_fits(tmp_path / "cube.fits")[0].header
    assert "select-frames (version 2): sigma=3.0" in str(header["HISTORY"])


def test_header_says_what_an_astronomer_looks_for(planet_cube: Cube, tmp_path: Path) -> None:
    write_data(tmp_path / "cube.fits", planet_cube)
    header = read_fits(tmp_path / "cube.fits")[0].header
    assert header["OBJECT"] == "Test Star"
    assert header["FILTER"] == "H"
    assert header["BUNIT"] == "adu"
    assert header["PIXSCALE"] == 12.25
    assert (header["STAR_X"], header["STAR_Y"]) == (20.0, 20.0)
    assert header["DATE-OBS"].startswith("2024-03-16T03:")


def test_sky_offsets_of_a_residual_point_north_and_east(tmp_path: Path) -> None:
    from astropy.wcs import WCS

    residual = Residual(
        np.zeros((1, 41, 41), "f4"), np.ones(1), 12.25, Identity("s", "a", "H", "")
    )
    write_data(tmp_path / "residual.fits", residual)
    wcs = WCS(dict_header(tmp_path / "residual.fits"), naxis=2)
    east, north = wcs.all_pix2world([[20, 20], [10, 20], [20, 30]], 0).T
    np.testing.assert_allclose([east, north], [[0, 122.5, 0], [0, 0, 122.5]])


def dict_header(path: Path) -> Any:
    from astropy.io import fits

    return fits.getheader(path)


def test_a_flipped_bit_is_noticed(planet_cube: Cube, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    write_data(path, planet_cube)
    content = bytearray(path.read_bytes())
    content[2880 * 3 + 5] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="damaged"):
        read_data(path)


def test_a_foreign_fits_file_is_named_as_such(tmp_path: Path) -> None:
    from astropy.io import fits

    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "foreign.fits")
    with pytest.raises(FileFormatError, match="no data object of this software"):
        read_data(tmp_path / "foreign.fits")


def test_a_missing_table_is_named(planet_cube: Cube, tmp_path: Path) -> None:
    from astropy.io import fits

    write_data(tmp_path / "cube.fits", planet_cube)
    with fits.open(tmp_path / "cube.fits") as hdus:
        del hdus["FRAMES"]
        hdus.writeto(tmp_path / "less.fits", checksum=True)
    with pytest.raises(FileFormatError, match="FRAMES is missing"):
        read_data(tmp_path / "less.fits")


def test_a_missing_folder_is_a_store_error(planet_cube: Cube, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="exists"):
        write_data(tmp_path / "nowhere" / "cube.fits", planet_cube)


def test_figures_of_a_master_stand_in_its_header(tmp_path: Path) -> None:
    plane = np.ones((4, 6), np.float32)
    master = Master(
        "background", plane, plane, np.zeros((4, 6), np.uint8), {"dit_s": 16.0},
        {"read_noise_adu": 4.25, "level_adu": np.nan}, Identity("background", "a", "H", ""),
    )  # fmt: skip
    write_data(tmp_path / "master.fits", master)
    header = dict_header(tmp_path / "master.fits")
    assert header["HCDC QC READ NOISE ADU"] == 4.25
    assert "HCDC QC LEVEL ADU" not in header


def test_flags_that_former_releases_wrote_with_16_bits_are_read(
    planet_cube: Cube, tmp_path: Path
) -> None:
    from astropy.io import fits

    flags = np.zeros(planet_cube.data.shape, np.uint8)
    flags[0, 1, 2, 3] = 5
    write_data(tmp_path / "new.fits", replace(planet_cube, flags=flags))
    with fits.open(tmp_path / "new.fits") as hdus:
        hdus["FLAGS"] = fits.ImageHDU(flags.astype(np.uint16), name="FLAGS")
        hdus.writeto(tmp_path / "old.fits", checksum=True)
    back = read_data(tmp_path / "old.fits")
    assert isinstance(back, Cube)
    assert back.flags is not None
    assert back.flags.dtype == np.uint8
    np.testing.assert_array_equal(back.flags, flags)


def test_a_view_with_gaps_is_written_as_its_copy_would_be(
    planet_cube: Cube, tmp_path: Path
) -> None:
    some = np.arange(planet_cube.n_time)[::3]
    view = replace(planet_cube.take(some), data=planet_cube.data[:, ::3])
    assert not view.data.flags.c_contiguous
    write_data(tmp_path / "view.fits", view)
    write_data(tmp_path / "copy.fits", planet_cube.take(some))
    assert (tmp_path / "view.fits").read_bytes() == (tmp_path / "copy.fits").read_bytes()


_LARGE = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from hcdc_kernel.datamodel import Cube, Frames, Identity
from hcdc_kernel.io import read_data, write_data
n = 40
zeros = np.zeros(n)
frames = Frames(zeros, zeros, zeros, zeros == 0, ("",) * n, ("",) * n, zeros.astype(int))
def cube(data):
    star = np.zeros((1, n, 2))
    return Cube(data, frames, np.ones(1), star, 12.25, Identity("s", "a", "H", ""))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
path = Path(sys.argv[1])
write_data(path, cube(np.ones((1, n, 8, 8), np.float32)))
read_data(path)
start = peak()
if sys.argv[2] == "write":
    write_data(path, cube(np.ones((1, n, 1024, 1024), np.float32)))
else:
    read_data(path.with_name("large.fits"))
print((peak() - start) / (n * 2**22))
"""


def test_a_large_cube_is_neither_written_nor_read_twice(tmp_path: Path) -> None:
    """The peak of memory is one cube and a bit: the data themselves are in it."""

    def peak_cubes(path: Path, what: str) -> float:
        command = [sys.executable, "-c", _LARGE, str(path), what]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert peak_cubes(tmp_path / "large.fits", "write") < 1.3
    assert peak_cubes(tmp_path / "other.fits", "read") < 1.3
