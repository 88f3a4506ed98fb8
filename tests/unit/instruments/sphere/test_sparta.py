"""Records of the adaptive optics, whole and broken."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.datamodel import Exposure, Exposures, Identity
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.sphere.sparta import Series, read_telemetry

START_S = 1_550_000_000
START_MJD = START_S / 86400 + 40587


def table(name, n=60, **columns):
    seconds = START_S + 2 * np.arange(n)
    units = [
        fits.Column("Sec", "J", array=seconds), fits.Column("USec", "J", array=np.zeros(n))
    ]  # fmt: skip
    units += [fits.Column(key, "E", array=values) for key, values in columns.items()]
    return fits.BinTableHDU.from_columns(units, name=name)


def telemetry(folder, *tables, name="sparta"):
    path = folder / f"{name}.fits"
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    return Exposure(name=name, path=path, camera="vlt-sparta", kind="telemetry")


def read(*items):
    return read_telemetry(Exposures(items, Identity("S", "vlt-sparta", "", "2019-02-12")))


def test_records_are_interpolated_in_time(tmp_path):
    n = 60
    item = telemetry(
        tmp_path,
        table(
            "AtmPerfParams", R0=np.full(n, 0.16), WindSpeed=np.full(n, 8.0),
            StrehlRatio=np.linspace(0.5, 0.9, n),
        ),
        table("VisLoopParams", Flux_avg=np.full(n, 120.0)),
        table("IRLoopParams", Flux_avg=np.full(n, 30.0)),
    )  # fmt: skip
    found = read(item)
    middle = np.array([START_MJD + 59 / 86400])
    assert found["strehl"].at(middle) == pytest.approx(0.7, abs=1e-3)
    assert found["ao_seeing_arcsec"].at(middle) == pytest.approx(0.6446, abs=1e-3)
    assert found["ao_coherence_time_ms"].at(middle) == pytest.approx(0.314 * 0.16 / 8 * 1000)
    assert found["wfs_flux"].at(middle) == pytest.approx(120)
    assert found["tip_tilt_flux"].at(middle) == pytest.approx(30)
    far = np.array([START_MJD - 1, START_MJD + 1])
    assert np.isnan(found["strehl"].at(far)).all()


def test_impossible_values_do_not_count(tmp_path):
    strehl = np.full(60, 0.8)
    strehl[10:20], strehl[20:30] = 0.0, np.nan
    found = read(telemetry(tmp_path, table("AtmPerfParams", StrehlRatio=strehl)))
    assert found["strehl"].values == pytest.approx(np.full(40, 0.8))


def test_what_is_missing_is_left_out(tmp_path):
    everything_nan = table("AtmPerfParams", R0=np.full(60, np.nan), WindSpeed=np.full(60, 9.0))
    odd = table("VisLoopParams", Other=np.ones(60))
    found = read(telemetry(tmp_path, everything_nan, odd, fits.ImageHDU(np.zeros((4, 4)))))
    assert np.isnan(found["r0_m"].at(np.array([START_MJD]))).all()
    assert "strehl" not in found
    assert "wfs_flux" not in found
    assert "ao_seeing_arcsec" not in found
    assert read(telemetry(tmp_path, name="empty")) == {}


def test_files_are_put_together_in_the_order_of_time(tmp_path):
    first = telemetry(tmp_path, table("AtmPerfParams", StrehlRatio=np.full(60, 0.6)), name="a")
    late = table("AtmPerfParams", StrehlRatio=np.full(60, 0.8))
    late.data["Sec"] += 300
    second = telemetry(tmp_path, late, name="b")
    strehl = read(second, first)["strehl"]
    assert np.all(np.diff(strehl.mjd) > 0)
    assert strehl.at(np.array([START_MJD + 10 / 86400, START_MJD + 310 / 86400])) == (
        pytest.approx([0.6, 0.8])
    )


def test_broken_file_is_refused(tmp_path):
    item = telemetry(tmp_path, table("AtmPerfParams", StrehlRatio=np.full(60, 0.6)))
    item.path.write_bytes(b"no FITS file")
    with pytest.raises(FileFormatError, match="telemetry"):
        read(item)


def test_single_record_holds_for_two_minutes():
    one = Series(np.array([58000.0]), np.array([0.5]))
    at = one.at(58000 + np.array([-130, -100, 0, 100, 130]) / 86400)
    assert np.isfinite(at).tolist() == [False, True, True, True, False]
