from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.datamodel import Exposure, Exposures, Identity, PixelFlag
from hcdc_kernel.errors import DataError, FileFormatError
from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import load_step, make_config

SHAPE = (128, 256)
READ_NOISE_ADU, GAIN = 2.5, 1.75


class _Detector:
    """A small detector: thermal glow, hot and noisy pixels."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        y, x = np.indices(SHAPE)
        self.rate = 20 + 10 * np.exp(-((x - 60) ** 2 + (y - 60) ** 2) / 2000)
        self.rate[:8] = 0
        self.hot = rng.random(SHAPE) < 0.005
        self.noisy = (rng.random(SHAPE) < 0.003) & ~self.hot
        self.rng = rng

    def plane(self, dit_s):
        level = self.rate * dit_s + 30.0 * dit_s * self.hot
        noise = np.sqrt(level / GAIN + READ_NOISE_ADU**2)
        plane = level + noise * self.rng.standard_normal(SHAPE)
        plane += self.noisy * self.rng.choice([-200.0, 200.0], SHAPE)
        plane.reshape(-1)[self.rng.integers(0, plane.size, 5)] += 3000
        return plane.astype(np.float32)

    def write(self, path, n_planes, dit_s=8.0, kind="sky", **more):
        images = np.stack([self.plane(dit_s) for _ in range(n_planes)])
        fits.writeto(path, images)
        return Exposure(
            name=path.stem, path=path, camera="vlt-irdis", kind=kind, dit_s=dit_s,
            n_dit=n_planes, n_planes=n_planes, filter="DB_K12", neutral_density="OPEN", **more,
        )  # fmt: skip


def _exposures(*items):
    return Exposures(items, Identity("HD 1", "vlt-irdis", "DB_K12", "2016-01-01"))


def _make(exposures, role="science", **settings):
    step = load_step(f"make-{role}-background")
    data = {f"{role}_backgrounds": exposures}
    return apply_step(step, make_config(step, settings), data)[f"{role}_background"]


def test_the_background_is_that_of_the_detector_with_honest_errors(tmp_path):
    detector = _Detector()
    master = _make(_exposures(*(detector.write(tmp_path / f"{i}.fits", 10) for i in range(3))))
    z = (master.data - 8 * detector.rate) / np.sqrt(master.variance)
    good = (master.flags == 0) & ~detector.hot & ~detector.noisy
    assert (z[good] ** 2).mean() == pytest.approx(1, abs=0.1)
    assert master.kind == "background"
    assert master.setup == {"dit_s": 8.0, "filter": "DB_K12", "neutral_density": "OPEN"}
    assert master.identity == Identity("background", "vlt-irdis", "DB_K12", "2016-01-01")
    assert master.history[-1].step == "make-science-background"


def test_hot_and_noisy_pixels_are_marked_and_few_others(tmp_path):
    detector = _Detector()
    master = _make(_exposures(detector.write(tmp_path / "sky.fits", 20)))
    bad = (master.flags & PixelFlag.BAD_PIXEL) != 0
    assert bad[detector.hot].mean() > 0.98
    assert bad[detector.noisy].mean() > 0.98
    assert (bad & ~detector.hot & ~detector.noisy).mean() < 1e-3
    assert master.quality["n_bad"] == bad.sum()


def test_figures_of_merit_are_those_of_the_detector(tmp_path):
    detector = _Detector()
    quality = _make(_exposures(detector.write(tmp_path / "sky.fits", 40))).quality
    assert quality["read_noise_adu"] == pytest.approx(READ_NOISE_ADU, rel=0.1)
    assert quality["gain_e_per_adu"] == pytest.approx(GAIN, rel=0.1)
    assert quality["level_adu"] == pytest.approx(8 * np.median(detector.rate), rel=0.02)
    assert quality["n_planes"] == 40
    assert quality["n_files"] == 1
    assert np.isfinite(list(quality.values())).all()


def test_read_noise_is_not_told_where_photon_noise_cannot_be_taken_off(tmp_path):
    detector = _Detector()
    detector.rate[:] = 20
    bright = _make(_exposures(detector.write(tmp_path / "bright.fits", 20))).quality
    dark = _make(_exposures(detector.write(tmp_path / "dark.fits", 20, dit_s=0.01))).quality
    assert "read_noise_adu" not in bright
    assert bright["noise_adu"] == pytest.approx(np.hypot(READ_NOISE_ADU, np.sqrt(160 / GAIN)), 0.1)
    assert dark["read_noise_adu"] == pytest.approx(READ_NOISE_ADU, rel=0.05)


def test_files_of_another_setup_are_left_out_and_told(tmp_path):
    detector = _Detector()
    items = [detector.write(tmp_path / f"{i}.fits", 8, dit_s=8.0) for i in range(2)]
    odd = detector.write(tmp_path / "odd.fits", 4, dit_s=64.0)
    told = []
    step = load_step("make-flux-background")
    master = step.run(
        {"flux_backgrounds": _exposures(odd, *items)},
        make_config(step, {}),
        lambda done, text: told.append((done, text)),
    )["flux_background"]
    assert master.setup["dit_s"] == 8.0
    assert master.quality["n_files_left_out"] == 1
    assert np.nanmedian(master.data) == pytest.approx(8 * np.median(detector.rate), rel=0.02)
    assert any("1 of another setup left out" in text for _, text in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_darks_are_averaged_whatever_filter_was_in(tmp_path):
    detector = _Detector()
    one = detector.write(tmp_path / "1.fits", 3, kind="dark")
    other = detector.write(tmp_path / "2.fits", 3, kind="dark")
    from dataclasses import replace

    master = _make(_exposures(one, replace(other, filter="DB_H23")))
    assert master.quality["n_files"] == 2


@pytest.mark.parametrize("n_planes", [1, 2])
def test_very_few_frames_are_enough(tmp_path, n_planes):
    detector = _Detector()
    master = _make(_exposures(detector.write(tmp_path / "sky.fits", n_planes)), role="center")
    assert np.isfinite(master.data).all()
    assert (master.variance > 0).all()
    assert np.isfinite(list(master.quality.values())).all()


def test_no_images_and_broken_files_are_refused(tmp_path):
    exposure = _Detector().write(tmp_path / "sky.fits", 2)
    from dataclasses import replace

    with pytest.raises(DataError, match="no calibration file with images"):
        _make(_exposures(replace(exposure, n_planes=0)))
    exposure.path.write_bytes(exposure.path.read_bytes()[:20000])
    with pytest.raises(FileFormatError):
        _make(_exposures(exposure))
