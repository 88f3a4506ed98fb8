"""SPHERE, the planet finder of the Very Large Telescope."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.instruments.raw import Camera, FrameAngles, RawHeader
from hcdc_kernel.instruments.sphere.translate import translate

if TYPE_CHECKING:
    from hcdc_kernel.instruments.raw.rules import CalibrationRule

_CALIBRATED_MODES = ("dual-band", "classical")


class Sphere(Camera):
    """IRDIS, IFS, ZIMPOL and the telemetry of the adaptive optics."""

    name: ClassVar[str] = "sphere"
    title: ClassVar[str] = "VLT/SPHERE: IRDIS, IFS, ZIMPOL and SPARTA"

    cameras: ClassVar[tuple[str, ...]] = (
        "vlt-irdis",
        "vlt-ifs",
        "vlt-zimpol",
        "vlt-sparta",
        "vlt-sphere",
    )

    def recognizes(self, header: RawHeader) -> bool:
        """Tell whether a file comes from SPHERE.

        Parameters
        ----------
        header : RawHeader
            Of any FITS file.

        Returns
        -------
        bool
            By INSTRUME.
        """
        return header.text("INSTRUME").upper() == "SPHERE"

    def translate(self, header: RawHeader, path: Path, n_planes: int) -> Exposure:
        """Translate the header of a file of any arm.

        Parameters
        ----------
        header : RawHeader
            Of a file of SPHERE.
        path : Path
            Where the file is.
        n_planes : int
            How many images it holds.

        Returns
        -------
        Exposure
            With what the header does not say left unknown.

        Raises
        ------
        FileFormatError
            If the file is a product that kept the header of a raw file.
        """
        return translate(header, path, n_planes)

    def rules(self) -> tuple[CalibrationRule, ...]:
        """Say which calibrations the exposures need.

        Returns
        -------
        tuple of CalibrationRule
            Those of IRDIS imaging.
        """
        from hcdc_kernel.instruments.sphere.rules import sphere_rules

        return sphere_rules()

    def calibration(self, science: Exposure) -> str:
        """Name the recipe that turns raw frames into a calibrated cube.

        Parameters
        ----------
        science : Exposure
            A science frame.

        Returns
        -------
        str
            ``irdis-imaging`` for dual-band and classical imaging; empty for other modes.
        """
        if science.camera == "vlt-irdis" and science.mode in _CALIBRATED_MODES:
            return "irdis-imaging"
        return ""

    def frame_angles(self, exposure: Exposure) -> FrameAngles:
        """Tell when each frame was taken, and how the sky was turned in it.

        Parameters
        ----------
        exposure : Exposure
            A science frame.

        Returns
        -------
        FrameAngles
            One row a frame.

        Raises
        ------
        DataError
            If the angles cannot be computed.
        """
        from hcdc_kernel.instruments.sphere.geometry import sky_rotation

        turned = sky_rotation(exposure)
        return FrameAngles(turned.mjd, turned.parallactic_deg, turned.derotation_deg)

    def wavelength_um(self, exposure: Exposure) -> tuple[float, ...]:
        """Tell the central wavelengths of the channels of a calibrated cube.

        Parameters
        ----------
        exposure : Exposure
            A science frame.

        Returns
        -------
        tuple of float
            Two in dual-band imaging, one in classical imaging [um]; empty for other modes.
        """
        from hcdc_kernel.instruments.sphere.filters import wavelength_um

        if not self.calibration(exposure):
            return ()
        left, right = wavelength_um(exposure.filter)
        both = exposure.mode == "dual-band"
        return (min(left, right), max(left, right)) if both else ((left + right) / 2,)
