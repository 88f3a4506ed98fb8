"""Quantities at the edges, plain floats inside.

A setting annotated ``Milliarcsec`` accepts ``60``, ``"60 mas"`` or ``"0.06 arcsec"``, refuses
``"3 s"``, and holds the float 60.0 ever after. One canonical unit for each kind of quantity
keeps equal settings equal, and so their content keys.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from hcdc_kernel.errors import UnitError

_KINDS = {
    "mas": "angle",
    "deg": "angle",
    "um": "length",
    "s": "time",
    "pix": "pixel",
    "mag": "magnitude",
    "": "plain number",
}


def parse_quantity(value: object, unit: str, *, name: str = "value") -> float:
    """Turn a number or a text with a unit into a float in the unit asked for.

    Parameters
    ----------
    value : object
        A number (taken to be in `unit`), a text such as ``"60 mas"`` or an astropy quantity.
    unit : str
        Unit of the result, in astropy's spelling (``"mas"``, ``"deg"``, ``"um"``, ``"pix"``).
    name : str
        What the quantity is, for the error message.

    Returns
    -------
    float
        The value in `unit`.

    Raises
    ------
    UnitError
        If the text is no quantity, or one of another physical type.

    Examples
    --------
    >>> parse_quantity("0.06 arcsec", "mas")
    60.0
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    from astropy import units as u  # 0.2 s, not needed for plain numbers

    kind = _KINDS.get(unit, unit)
    try:
        quantity = u.Quantity(value)
    except (TypeError, ValueError) as error:
        raise UnitError(
            f"{name}: not a quantity", found=repr(value), remedy=f"Write it as '1.0 {unit}'"
        ) from error
    if quantity.unit == u.dimensionless_unscaled and isinstance(value, str):
        return float(quantity.value)
    try:
        return float(round(quantity.to_value(u.Unit(unit)), 12))
    except u.UnitConversionError as error:
        raise UnitError(f"{name}: expected {kind}, got {quantity}") from error


def _parser(unit: str) -> BeforeValidator:
    """Make the pydantic validator for one canonical unit."""

    def parse(value: Any) -> float:
        return parse_quantity(value, unit)

    return BeforeValidator(parse)


Milliarcsec = Annotated[float, _parser("mas"), Field(json_schema_extra={"unit": "mas"})]
Degree = Annotated[float, _parser("deg"), Field(json_schema_extra={"unit": "deg"})]
Micron = Annotated[float, _parser("um"), Field(json_schema_extra={"unit": "um"})]
Second = Annotated[float, _parser("s"), Field(json_schema_extra={"unit": "s"})]
Pixel = Annotated[float, _parser("pix"), Field(json_schema_extra={"unit": "pix"})]
