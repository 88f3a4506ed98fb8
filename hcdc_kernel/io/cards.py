"""Header cards and table columns shared by all our files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.datamodel import Frames, History, Identity, StepRecord
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.io.fits_file import FitsPart

KIND = "HCDCDATA"
Card = tuple[str, Any, str]
"""Keyword, value, comment."""
Column = tuple[str, str, NDArray[Any] | Sequence[str]]
"""Name, unit, values."""

_CARD_TEXT = 60  # characters that fit a card of 80 with room to spare
_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


def to_ascii(text: str) -> str:
    """Write any text in the ASCII that FITS allows, so that `from_ascii` can undo it."""
    plain = text.encode("unicode_escape").decode("ascii")
    if len(plain.replace("'", "''")) > _CARD_TEXT:
        # Where a text is continued on the next card, these two confuse readers.
        plain = plain.replace("'", "\\x27").replace("&", "\\x26")
    bare = plain.rstrip(" ")  # FITS does not keep trailing blanks
    return bare + "\\x20" * (len(plain) - len(bare))


def from_ascii(text: str) -> str:
    """Undo `to_ascii`."""
    return text.encode("ascii").decode("unicode_escape")


def identity_cards(identity: Identity) -> list[Card]:
    """Say which star, camera, filter and night a file belongs to."""
    return [
        ("OBJECT", to_ascii(identity.target), "target"),
        ("INSTRUME", to_ascii(identity.instrument), "camera, as facility-camera"),
        ("FILTER", to_ascii(identity.filter), "filter or band"),
        ("NIGHT", to_ascii(identity.night), "evening on which the night began"),
        ("ORIGIN", "HC-DC", "High Contrast Data Centre"),
    ]


def read_identity(header: Mapping[str, Any]) -> Identity:
    """Read what `identity_cards` wrote."""
    words = (str(header.get(key, "")) for key in ("OBJECT", "INSTRUME", "FILTER", "NIGHT"))
    target, instrument, band, night = (from_ascii(word) for word in words)
    return Identity(target, instrument, band, night)


def time_cards(frames: Frames) -> list[Card]:
    """Say when a sequence was taken, as far as it is known."""
    known = frames.mjd[np.isfinite(frames.mjd)]
    if known.size == 0:
        return []
    first, last, middle = float(known.min()), float(known.max()), float(known.mean())
    return [
        ("TIMESYS", "UTC", "time scale of all dates"),
        ("DATE-OBS", _iso(first), "mid-exposure of the first frame"),
        ("DATE-END", _iso(last), "mid-exposure of the last frame"),
        ("MJD-AVG", middle, "[d] mean of the mid-exposures"),
    ]


def _iso(mjd: float) -> str:
    """Turn a modified Julian date into a FITS date."""
    when = _MJD_EPOCH + timedelta(days=mjd)
    return when.replace(tzinfo=None).isoformat(timespec="milliseconds")


def sky_cards(shape: tuple[int, ...], pixel_scale_mas: float) -> list[Card]:
    """Describe offsets from the star in an image with north up and east left.

    The celestial position of the star is not part of the data; the axes are plain offsets.
    """
    n_y, n_x = shape[-2:]
    return [
        ("CTYPE1", "EAST", "offset from the star towards the east"),
        ("CUNIT1", "mas", ""),
        ("CRPIX1", float(n_x // 2 + 1), "star, counted from 1 as FITS does"),
        ("CRVAL1", 0.0, ""),
        ("CDELT1", -pixel_scale_mas, "[mas] east is left"),
        ("CTYPE2", "NORTH", "offset from the star towards the north"),
        ("CUNIT2", "mas", ""),
        ("CRPIX2", float(n_y // 2 + 1), "star, counted from 1 as FITS does"),
        ("CRVAL2", 0.0, ""),
        ("CDELT2", pixel_scale_mas, "[mas] north is up"),
        ("CTYPE3", "CHANNEL", "see the table WAVELENGTH"),
        ("CRPIX3", 1.0, ""),
        ("CRVAL3", 0.0, ""),
        ("CDELT3", 1.0, ""),
        ("STAR_X", float(n_x // 2), "[pix] star, counted from 0"),
        ("STAR_Y", float(n_y // 2), "[pix] star, counted from 0"),
    ]


def add_cards(header: Any, cards: Sequence[Card]) -> None:
    """Append cards to an astropy header."""
    for key, value, comment in cards:
        # A card has 80 characters: astropy warns when it must cut a comment.
        room = 66 - len(str(value).replace("'", "''"))
        if room < 0 and "LONGSTRN" not in header:
            header["LONGSTRN"] = ("OGIP 1.0", "texts may go on in CONTINUE cards")
        header[key] = (value, comment if len(comment) < room else "")


def table(name: str, columns: Sequence[Column]) -> Any:
    """Make a table HDU from (name, unit, values); texts are stored as ASCII."""
    from astropy.io import fits

    made = [_column(fits, *column) for column in columns]
    return fits.BinTableHDU.from_columns(made, name=name)


def _column(fits: Any, name: str, unit: str, values: NDArray[Any] | Sequence[str]) -> Any:
    """Make one column with the FITS format of its values."""
    if isinstance(values, np.ndarray):
        letter = {"f": "D", "i": "K", "b": "L"}[values.dtype.kind]
        return fits.Column(name=name, format=letter, unit=unit or None, array=values)
    width = max((len(text) for text in values), default=0) or 1
    array = np.array(list(values), dtype=f"S{width}")
    return fits.Column(name=name, format=f"{width}A", unit=unit or None, array=array)


def history_table(history: History) -> Any:
    """Keep the history as data."""
    return table(
        "HISTORY",
        [
            ("STEP", "", [to_ascii(done.step) for done in history]),
            ("VERSION", "", np.array([done.version for done in history], dtype=np.int64)),
            ("CONFIG", "", [_json(done.config) for done in history]),
            ("INPUTS", "", [_json(done.inputs) for done in history]),
            ("SOFTWARE", "", [_json(done.software) for done in history]),
        ],
    )


def add_history(header: Any, history: History) -> None:
    """Tell the history to people who look at the header."""
    for done in history:
        settings = ", ".join(f"{key}={_plain(done.config[key])}" for key in sorted(done.config))
        text = f"{done.step} (version {done.version})" + (f": {settings}" if settings else "")
        header.add_history(to_ascii(text))


def read_history(part: FitsPart) -> History:
    """Read what `history_table` wrote."""
    columns = part.columns
    rows = zip(*(columns[name] for name in ("STEP", "VERSION")), strict=True)
    return tuple(
        StepRecord(
            step=from_ascii(str(step)),
            version=int(version),
            config=json.loads(columns["CONFIG"][i]),
            inputs=json.loads(columns["INPUTS"][i]),
            software=json.loads(columns["SOFTWARE"][i]),
        )
        for i, (step, version) in enumerate(rows)
    )


def _json(values: Mapping[str, Any]) -> str:
    """Write plain values so that equal ones give equal bytes."""
    return json.dumps(dict(values), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> str:
    """Write one setting for people, so that equal ones give equal bytes."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def find(parts: Mapping[str, FitsPart], name: str) -> FitsPart:
    """Fetch a unit of our own format by name."""
    try:
        return parts[name]
    except KeyError:
        raise FileFormatError(
            f"The HDU {name} is missing",
            found=", ".join(parts),
            remedy="Is it a file written by this software?",
        ) from None


def find_image(parts: Mapping[str, FitsPart], name: str) -> NDArray[Any]:
    """Fetch an image of our own format by name."""
    image = find(parts, name).image
    if image is None:
        raise FileFormatError(f"The HDU {name} holds no image", remedy="Write the file again")
    return image
