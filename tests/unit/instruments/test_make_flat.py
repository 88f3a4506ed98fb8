from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.datamodel import Exposure, Exposures, Identity, PixelFlag
from hcdc_kernel.errors import ConfigError, DataError
from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import load_step, make_config

SHAPE = (128, 256)
READ_NOISE_ADU, GAIN = 2.5, 1.75
LAMP_ADU_PER_S = (1000.0, 800.0)  # the filters of a pair let different light through
THERMAL_ADU_PER_S = 150.0


class _Detector:
    """A small detector of two fields, with borders that no light reaches."""

    def __init__(self, response=None, seed=0):
        self.rng = np.random.default_rng(seed)
        self.response = self.rng.normal(1, 0.02, SHAPE) if response is None else response.copy()
        self.lit = np.zeros(SHAPE, dtype=bool)
        self.lit[10:118, 12:116] = self.lit[10:118, 140:244] = True
        self.dead = (self.rng.random(SHAPE) < 0.004) & self.lit
        self.response[self.dead] = 0.02
        self.bent = (self.rng.random(SHAPE) < 0.002) & self.lit & ~self.dead
        self.response[~self.lit] = 0
        self.lamp = np.repeat(LAMP_ADU_PER_S, 128)[None, :]
        # Thermal light has a pattern of its own.
        self.thermal = THERMAL_ADU_PER_S * (1 + 0.5 * np.sin(np.arange(256) / 20))[None, :]

    def truth(self):
        truth = self.response.copy()
        for part in (np.s_[:, :128], np.s_[:, 128:]):
            truth[part] /= np.median(truth[part][self.lit[part] & ~self.dead[part]])
        return truth

    def write(
        self, path, dit_s, n_planes=5, *, lamp=True, drift=0.0, thermal=True, filter_="DB_K12"
    ):
        images = []
        for t in range(n_planes):
            light = lamp * self.lamp * dit_s * (1 + drift * t) + thermal * self.thermal * dit_s
            light = light * self.response
            light = np.where(self.bent & (light > 5000), 5000 + 0.3 * (light - 5000), light)
            noise = np.sqrt(light.clip(min=0) / GAIN + READ_NOISE_ADU**2)
            images.append(light + noise * self.rng.standard_normal(SHAPE))
        fits.writeto(path, np.minimum(images, 60000).astype(np.float32))
        return Exposure(
            name=path.stem, path=path, camera="vlt-irdis", kind="flat" if lamp else "dark",
            dit_s=dit_s, n_dit=n_planes, n_planes=n_planes, filter=filter_,
        )  # fmt: skip


def _exposures(*items):
    return Exposures(items, Identity("HD 1", "vlt-irdis", "DB_K12", "2016-01-01"))


def _make(flats, backgrounds=None, **settings):
    step = load_step("make-flat")
    data = {"flats": flats}
    if backgrounds is not None:
        data["flat_backgrounds"] = backgrounds
    return apply_step(step, make_config(step, settings), data)["flat"]


def _series(detector, folder, dits=(2.0, 4.0, 8.0, 12.0), **more):
    return [detector.write(folder / f"flat_{i}.fits", d, **more) for i, d in enumerate(dits)]


def _darks(detector, folder, dits=(2.0, 4.0, 8.0, 12.0)):
    return [
        detector.write(folder / f"dark_{i}.fits", d, 10, lamp=False) for i, d in enumerate(dits)
    ]


def test_the_flat_is_that_of_the_detector_with_honest_errors(tmp_path):
    detector = _Detector()
    flats, darks = _series(detector, tmp_path), _darks(detector, tmp_path)
    master = _make(_exposures(*flats), _exposures(*darks))
    good = detector.lit & ~detector.dead & ~detector.bent
    good &= (master.flags & PixelFlag.NO_DATA) == 0  # corners
    z = (master.data - detector.truth())[good] / np.sqrt(master.variance[good])
    assert (z**2).mean() == pytest.approx(1, abs=0.15)
    for part in (np.s_[:, :128], np.s_[:, 128:]):
        assert np.nanmedian(master.data[part]) == pytest.approx(1, abs=5e-3)
    assert master.unit == ""
    assert master.setup == {"filter": "DB_K12"}
    assert master.identity.target == "flat"


def test_bad_pixels_and_the_field_are_marked(tmp_path):
    detector = _Detector()
    flats, darks = _series(detector, tmp_path), _darks(detector, tmp_path)
    master = _make(_exposures(*flats), _exposures(*darks))
    bad = (master.flags & PixelFlag.BAD_PIXEL) != 0
    outside = (master.flags & PixelFlag.NO_DATA) != 0
    assert (bad | outside)[detector.dead].all()
    assert (bad | outside)[detector.bent].all()
    assert (bad & detector.lit & ~detector.dead & ~detector.bent).sum() <= 3
    assert (outside != ~detector.lit).sum() <= 16  # corners
    assert np.isnan(master.data[outside]).all()
    assert master.quality["n_bad"] == bad.sum()
    assert master.quality["n_outside"] == outside.sum()


def test_figures_of_merit_tell_lamp_and_detector(tmp_path):
    detector = _Detector()
    detector.thermal = 0 * detector.thermal
    flats, darks = _series(detector, tmp_path, drift=0.004), _darks(detector, tmp_path)
    quality = _make(_exposures(*flats), _exposures(*darks)).quality
    assert quality["rms_percent"] == pytest.approx(2, rel=0.15)
    assert quality["gain_e_per_adu"] == pytest.approx(GAIN, rel=0.1)
    assert quality["lamp_drift_percent"] == pytest.approx(1.6, rel=0.15)
    assert quality["n_levels"] == quality["n_levels_with_background"] == 4
    assert quality["highest_level_adu"] == pytest.approx(12 * 900, rel=0.03)
    assert quality["nonlinearity_percent"] < 0.5
    assert quality["chi2"] == pytest.approx(1, abs=0.2)


def test_a_saturated_exposure_is_left_out_and_told(tmp_path):
    detector = _Detector()
    dits = (2.0, 6.0, 12.0, 80.0)
    flats, darks = _series(detector, tmp_path, dits), _darks(detector, tmp_path, dits)
    master = _make(_exposures(*flats), _exposures(*darks))
    assert master.quality["n_saturated_levels"] == 1
    good = detector.lit & ~detector.dead & ~detector.bent
    assert np.nanstd((master.data - detector.truth())[good]) < 0.006


def test_a_background_of_another_exposure_time_is_scaled(tmp_path):
    detector = _Detector()
    flats, darks = _series(detector, tmp_path), _darks(detector, tmp_path, (6.0,))
    scaled = _make(_exposures(*flats), _exposures(*darks))
    without = _make(_exposures(*flats))
    good = detector.lit & ~detector.dead & ~detector.bent
    good &= scaled.flags == 0
    error = (scaled.data - detector.truth())[good]
    assert scaled.quality["n_levels_with_background"] == 0
    assert np.std(error) < 0.006
    assert np.std((without.data - detector.truth())[good]) > 0.02  # thermal light left in


@pytest.mark.parametrize("dits", [(8.0,), (8.0, 8.0), (3.0, 9.0)])
def test_few_or_equal_levels_still_give_a_flat(tmp_path, dits):
    detector = _Detector()
    flats = _series(detector, tmp_path, dits, thermal=False)
    master = _make(_exposures(*flats))
    good = detector.lit & ~detector.dead & ~detector.bent
    assert np.nanstd((master.data - detector.truth())[good]) < 0.01
    assert np.isfinite(list(master.quality.values())).all()


def test_exposures_of_another_filter_are_left_out(tmp_path):
    detector = _Detector()
    flats = _series(detector, tmp_path, thermal=False)
    odd = detector.write(tmp_path / "odd.fits", 4.0, filter_="BB_H")
    master = _make(_exposures(odd, *flats))
    assert master.quality["n_files_left_out"] == 1
    assert master.setup["filter"] == "DB_K12"


def test_the_slope_of_a_lamp_can_be_taken_out(tmp_path):
    detector = _Detector()
    detector.lamp = detector.lamp * (1 + 0.001 * np.arange(128)[:, None])
    flats = _series(detector, tmp_path, thermal=False)
    good = detector.lit & ~detector.dead & ~detector.bent
    with_lamp = _make(_exposures(*flats), most_deviation=0.5)
    without = _make(_exposures(*flats), most_deviation=0.5, large_scale_px=32)
    assert np.nanstd((with_lamp.data - detector.truth())[good]) > 0.025
    assert np.nanstd((without.data - detector.truth())[good]) < 0.012


def test_outliers_of_a_real_flat_are_in_the_real_map_of_bad_pixels(tmp_path, real_data):
    folder = real_data / "irdis_master_flats"
    cut = np.s_[300:428, 300:556]
    real = fits.getdata(folder / "master_flat_H.fits.gz")[cut].astype(float)
    mapped = fits.getdata(folder / "master_badpix.fits.gz")[cut] == 0
    detector = _Detector(real)
    detector.response[detector.dead] = real[detector.dead]
    detector.bent[:] = False
    flats = _series(detector, tmp_path, thermal=False)
    master = _make(_exposures(*flats))
    bad = ((master.flags & PixelFlag.BAD_PIXEL) != 0) & detector.lit
    assert bad.sum() > 20
    assert mapped[bad].mean() > 0.9
    extreme = detector.lit & ((real < 0.2) | (real > 1.5))
    assert bad[extreme].all()


def test_a_dark_lamp_and_limits_in_the_wrong_order_are_refused(tmp_path):
    detector = _Detector()
    off = detector.write(tmp_path / "off.fits", 4.0, lamp=False, thermal=False)
    with pytest.raises(DataError, match="no light"):
        _make(_exposures(off), _exposures(*_darks(detector, tmp_path, (4.0,))))
    with pytest.raises(ConfigError, match="unlit_response must not exceed"):
        make_config(load_step("make-flat"), {"unlit_response": 0.8})
