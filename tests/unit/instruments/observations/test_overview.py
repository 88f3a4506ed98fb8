"""What each night lacks, over all its observations."""

from __future__ import annotations

from hcdc_kernel.instruments.raw import assemble_observations, missing_calibrations


def reports(exposures):
    return [one.to_dict() for one in assemble_observations(exposures)]


def test_a_complete_night_lacks_nothing(night):
    assert missing_calibrations(reports(night.complete())) == ()


def test_what_two_observations_lack_is_listed_once(night):
    other = {"target": "HD 9", "ra_deg": 125.0}
    exposures = [one for one in night.complete() if one.kind != "flat"]
    rows = missing_calibrations(reports([*exposures, *night.science(3.0, **other)]))
    flats = next(row for row in rows if row.role == "flats")
    assert (flats.night, flats.camera, flats.state) == ("2019-05-12", "vlt-irdis", "missing")
    assert len(flats.observations) == 2
    assert len(flats.texts) == 1
    flux = next(row for row in rows if row.role == "flux")
    assert flux.observations == ("HD-9_vlt-irdis_DB-H23_2019-05-12",)
    assert flux.light == "poor"
    assert flux.to_dict()["observations"] == flux.observations


def test_late_calibrations_are_listed_apart_from_missing_ones(night):
    late = night.file("background", 60.0)
    rows = missing_calibrations(reports([*night.science(), late]))
    states = {row.role: row.state for row in rows}
    assert states["science_backgrounds"] == "lower"
    assert states["flux"] == "missing"


def test_nights_come_in_order(night):
    rows = missing_calibrations(reports(night.science(49.0) + night.science(1.0)))
    assert [row.night for row in rows] == sorted(row.night for row in rows)
    assert {row.night for row in rows} == {"2019-05-12", "2019-05-14"}


def test_the_archives_way_to_name_cameras_is_understood(night):
    (report,) = reports(night.science())
    renamed = {**report, "instrument": report["camera"]}
    del renamed["camera"]
    assert missing_calibrations([renamed]) == missing_calibrations([report])
