"""Observations and products: entered once, found again, never half."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.archive import Archive, NewProduct
from hcdc_kernel.datamodel import Identity
from hcdc_kernel.errors import ArchiveError, NotFoundError, StoreError


def test_an_observation_tells_what_was_handed_in(archive, given, tmp_path):
    observation = given.ingest(archive, tmp_path)

    assert observation.name == "beta-Pic_naco-agpm_Lp_2013-01-31"
    assert (observation.target, observation.filter) == ("β Pic", "L'")
    assert (observation.n_frames, observation.n_wave) == (61, 1)
    assert observation.field_rotation_deg == 83.2
    assert observation.facts == {"seeing_arcsec": 0.8}
    assert observation.created.utcoffset().total_seconds() == 0
    assert archive.observation(observation.name) == observation
    assert json.loads(json.dumps(observation.to_dict()))["night"] == "2013-01-31"


def test_inputs_are_stored_with_their_names(archive, given, tmp_path):
    observation = given.ingest(archive, tmp_path)
    inputs = archive.inputs(observation.name)

    assert set(inputs) == {"cube", "psf"}
    assert archive.path(inputs["psf"]).read_bytes() == b"star"
    assert inputs["cube"].uid == inputs["cube"].key[:16]


def test_the_same_content_again_is_the_same_observation(archive, given, tmp_path):
    first = given.ingest(archive, tmp_path / "here")
    again = given.ingest(archive, tmp_path / "there")

    assert again == first
    assert archive.observations() == [first]
    assert len(archive.products(first.name)) == 2
    assert {file.path for file in archive.sources(first.name)} == {
        str(tmp_path / "there" / f"{role}.fits") for role in ("cube", "psf", "angles")
    }


def test_another_content_of_the_same_night_gets_another_name(archive, given, tmp_path):
    names = [given.ingest(archive, tmp_path, version=version).name for version in "abc"]

    assert names == [given.beta_pic.name + end for end in ("", "_2", "_3")]


def test_unknown_field_rotation_stays_unknown(archive, given, tmp_path):
    source = given.source(tmp_path, "cube")
    observation = archive.add_observation(
        given.beta_pic, [source], {}, {}, {"field_rotation_deg": float("nan")}
    )

    assert math.isnan(archive.observation(observation.name).field_rotation_deg)
    assert observation.to_dict()["field_rotation_deg"] is None


def test_observations_are_selected_by_star_and_camera(archive, given, tmp_path):
    given.ingest(archive, tmp_path)
    other = Identity("51 Eri", "sphere-irdis", "K12", "2015-09-25")
    eri = given.ingest(archive, tmp_path, identity=other)

    assert archive.observations(target="51 Eri") == [eri]
    assert archive.observations(instrument="sphere-irdis") == [eri]
    assert archive.observations(target="51 Eri", instrument="naco-agpm") == []
    assert len(archive.observations()) == 2


def test_an_unknown_name_is_answered_with_close_ones(archive, given, tmp_path):
    given.ingest(archive, tmp_path)

    with pytest.raises(NotFoundError, match="Did you mean beta-Pic_naco-agpm_Lp_2013-01-31"):
        archive.observation("betaPic_naco_Lp_2013-01-31")
    with pytest.raises(NotFoundError, match="Did you mean beta-Pic"):
        archive.observation("BETA")
    with pytest.raises(NotFoundError, match="hcdc ingest"):
        archive.products("zzz")


def test_an_observation_whose_data_cannot_be_stored_leaves_nothing(archive, given, tmp_path):
    cube = given.source(tmp_path, "cube")
    data = {"cube": cube.path, "psf": tmp_path / "missing.fits"}
    keys = {name: given.key(name) for name in data}

    with pytest.raises(StoreError, match=r"missing\.fits"):
        archive.add_observation(given.beta_pic, [cube], data, keys, {})

    assert archive.observations() == []
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_data_without_key_are_refused(light_archive, given, tmp_path):
    cube = given.source(tmp_path, "cube")
    with pytest.raises(ArchiveError, match="different names"):
        light_archive.add_observation(given.beta_pic, [], {"cube": cube.path}, {}, {})


def test_a_product_is_found_by_key_uid_and_beginning(archive, given, tmp_path):
    observation = given.ingest(archive, tmp_path)
    cube = archive.inputs(observation.name)["cube"]
    added = archive.add_product(given.residual("r", observation.name, inputs=(cube.key,)))

    assert added.inputs == (cube.uid,)
    assert added.config == {"method": "median"}
    for name in (added.key, added.uid, added.uid[:6], added.key[:30]):
        assert archive.product(name) == added
    assert archive.find_product(added.key) == added
    assert archive.find_product(given.key("other")) is None
    assert archive.path(added).read_bytes() == b"content of r"


@pytest.mark.parametrize("name", ["", "zz", "%", "_" * 16, "f" * 64])
def test_what_is_no_product_is_not_found(archive, given, name):
    archive.add_product(given.residual("r"))
    with pytest.raises(NotFoundError):
        archive.product(name)


def test_a_beginning_that_fits_several_products_is_refused(archive, given):
    for digit in "123":
        archive.add_product(replace(given.residual(digit), key="abcd" + digit * 60))

    with pytest.raises(NotFoundError, match="Several products"):
        archive.product("abcd")
    assert archive.product("abcd2").key == "abcd" + "2" * 60


def test_the_first_product_of_a_key_stays(archive, given):
    first = archive.add_product(given.residual("r"))
    second = archive.add_product(replace(given.residual("r"), content=b"otherwise"))

    assert second == first
    assert archive.path(second).read_bytes() == b"content of r"


def test_lost_bytes_are_seen_and_restored(archive, given):
    product = archive.add_product(given.residual("r"))
    archive.path(product).unlink()

    assert archive.find_product(product.key) is None
    with pytest.raises(StoreError, match="hcdc rerun"):
        archive.path(archive.product(product.uid))

    again = archive.add_product(replace(given.residual("r"), content=b"made again"))
    assert archive.path(again).read_bytes() == b"made again"
    assert archive.find_product(product.key) == again


def test_bytes_cut_short_are_seen_and_restored(archive, given):
    product = archive.add_product(given.residual("r"))
    path = archive.path(product)
    path.chmod(0o600)
    path.write_bytes(b"cut")

    assert archive.find_product(product.key) is None
    with pytest.raises(StoreError, match="3 bytes instead of 12"):
        archive.path(product)

    assert archive.path(archive.add_product(given.residual("r"))).read_bytes() == b"content of r"


@pytest.mark.parametrize("key", ["", "abc", "X" * 64, "a" * 129, "../" + "a" * 61])
def test_a_bad_key_is_refused_before_anything_is_stored(light_archive, given, tmp_path, key):
    with pytest.raises(ArchiveError, match="content key"):
        light_archive.add_product(replace(given.residual("r"), key=key))
    assert not (tmp_path / "store").exists()


def test_two_keys_with_the_same_uid_are_refused(archive, given):
    archive.add_product(replace(given.residual("r"), key="a" * 64))
    with pytest.raises(ArchiveError, match="same 16 digits"):
        archive.add_product(replace(given.residual("r"), key="a" * 63 + "b"))


@pytest.mark.parametrize(
    "change", [{"observation": "none"}, {"run": "none"}, {"inputs": ("0" * 16,)}]
)
def test_a_product_of_something_unknown_is_not_entered(archive, given, change):
    new = replace(given.residual("r"), **change)
    with pytest.raises(NotFoundError):
        archive.add_product(new)
    assert archive.products() == []


def test_products_are_listed_by_observation_run_and_role(archive, given, tmp_path):
    observation = given.ingest(archive, tmp_path)
    other = given.ingest(archive, tmp_path, version="other")
    run = given.run(archive, other.name)
    made = archive.add_product(given.residual("made", other.name, run.uid))
    shared = archive.add_product(given.residual("shared", observation.name))
    archive.link_product(run.uid, shared.uid, role="reused")

    assert archive.products(run=run.uid) == [made, shared]
    assert archive.products(run=run.uid, role="generated") == [made]
    assert archive.products(role="reused") == [shared]
    assert len(archive.products(observation.name)) == 3
    assert {made.uid, shared.uid} < {product.uid for product in archive.products(other.name)}
    assert archive.products(observation.name, run=run.uid) == [shared]


def test_settings_that_json_cannot_hold_are_kept_in_words(archive, given):
    config = {
        "angle": np.float32(0.5),
        "n": np.int64(3),
        "none": float("nan"),
        "edge": float("-inf"),
        "pair": (1, 2),
        "where": np.arange(2),
        "name": "a\x00b\udcff",
        "flag": True,
    }
    product = archive.add_product(replace(given.residual("r"), config=config))

    assert product.config == {
        "angle": 0.5,
        "n": 3,
        "none": "NaN",
        "edge": "-Infinity",
        "pair": [1, 2],
        "where": [0, 1],
        "name": "a\\x00b\\udcff",
        "flag": True,
    }
    assert list(product.config) == list(config)


def test_threads_that_add_the_same_key_agree(url, given, tmp_path):
    def add(number: int) -> None:
        with Archive.open(url, tmp_path / "store") as archive:
            barrier.wait()
            new = replace(given.residual("r"), content=f"bytes of {number}".encode())
            results.append(archive.add_product(new))

    barrier, results = threading.Barrier(4), []
    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 4
    assert len(set(map(str, results))) == 1


_ADDER = """
import sys, hashlib, pathlib
from hcdc_kernel.archive import Archive, NewProduct
url, folder, name = sys.argv[1:]
with Archive.open(url, pathlib.Path(folder)) as archive:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(15):
        key = hashlib.sha256(str(number).encode()).hexdigest()
        content = f"{number} by {name}".encode()
        product = archive.add_product(NewProduct(key, "cube", "cube", "fits", content))
        print(product.sha256, flush=True)
"""


def test_processes_that_add_the_same_keys_agree(url, tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _ADDER, url, tmp_path / "store", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("ana", "ben")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].split() for process in processes]

    assert answers[0] == answers[1]
    assert len(answers[0]) == 15
    with Archive.open(url, tmp_path / "store") as archive:
        assert [product.sha256 for product in archive.products()] == answers[0]


def test_a_file_is_copied_and_may_go(light_archive, given, tmp_path):
    source = given.source(tmp_path, "cube", b"bytes")
    new = NewProduct(given.key("c"), "cube", "cube", "fits", source.path)
    product = light_archive.add_product(new)
    source.path.unlink()

    assert light_archive.path(product).read_bytes() == b"bytes"
