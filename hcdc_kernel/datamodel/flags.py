"""Why a pixel has no or doubtful data, as bits."""

from __future__ import annotations

from enum import IntFlag


class PixelFlag(IntFlag):
    """Bits of a flag plane; 0 is a good pixel."""

    BAD_PIXEL = 1
    """Hot, dead or not linear; filled from its neighbors."""
    COSMIC_RAY = 2
    """Hit in this very frame; filled from its neighbors."""
    SATURATED = 4
    """Beyond the linear range."""
    NO_DATA = 8
    """Outside the illuminated field; NaN."""
