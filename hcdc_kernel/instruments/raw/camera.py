"""The door that every camera whose raw files we read comes through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hcdc_kernel import plugins
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError, FileFormatError, NotFoundError
from hcdc_kernel.instruments.raw.header import RawHeader

if TYPE_CHECKING:
    from hcdc_kernel.instruments.raw.rules import CalibrationRule


@dataclass(frozen=True, slots=True)
class FrameAngles:
    """When the frames of an exposure were taken, and how the sky was turned.

    Attributes
    ----------
    mjd : ndarray, shape (n_planes,)
        Middle of each frame, UTC [d].
    parallactic_deg : ndarray, shape (n_planes,)
        Parallactic angle then [deg].
    derotation_deg : ndarray, shape (n_planes,)
        Turn counter-clockwise, y up, that brings north up and east left [deg].
    """

    mjd: FloatArray
    parallactic_deg: FloatArray
    derotation_deg: FloatArray


class Camera(ABC):
    """What must be known of a camera to read its raw files.

    To add a camera, write a subclass, announce it in the entry-point group ``hcdc.cameras``
    of your package, and install the package. All that follows (grouping files to
    observations, finding their calibrations, showing what is missing) works on the
    `Exposure` that `translate` makes, and knows no header keywords.

    Attributes
    ----------
    name : str
        Name of the entry point.
    title : str
        What it is, for people.
    cameras : tuple of str
        What `Exposure.camera` is for its files.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    cameras: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognizes(self, header: RawHeader) -> bool:
        """Tell whether a file comes from this camera.

        Parameters
        ----------
        header : RawHeader
            Of any FITS file.

        Returns
        -------
        bool
            True for files that `translate` understands. It must never raise.
        """

    @abstractmethod
    def translate(self, header: RawHeader, path: Path, n_planes: int) -> Exposure:
        """Translate a header into words that mean the same for every camera.

        Parameters
        ----------
        header : RawHeader
            One that `recognizes` accepts.
        path : Path
            Where the file is.
        n_planes : int
            How many images the file holds; 0 for a header without images.

        Returns
        -------
        Exposure
            With what the header does not say left unknown, and a note for what is odd. A
            missing or wrong keyword is no error.

        Raises
        ------
        FileFormatError
            If the file is no raw file, but made from one.
        """

    @abstractmethod
    def rules(self) -> tuple[CalibrationRule, ...]:
        """Say which calibrations the exposures need.

        Returns
        -------
        tuple of CalibrationRule
            One for each role.
        """

    @abstractmethod
    def calibration(self, science: Exposure) -> str:
        """Name the recipe that turns raw frames into a calibrated cube.

        Parameters
        ----------
        science : Exposure
            A science frame of the observation.

        Returns
        -------
        str
            Name of a calibration recipe; empty if there is none yet for this mode.
        """

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
            If it is not known.
        """
        raise DataError(f"How the sky is turned in frames of {exposure.camera} is not known")

    def wavelength_um(self, exposure: Exposure) -> tuple[float, ...]:  # noqa: ARG002
        """Tell the central wavelengths of the channels of a calibrated cube.

        Parameters
        ----------
        exposure : Exposure
            A science frame.

        Returns
        -------
        tuple of float
            Rising [um]; empty if that is not known before calibration.
        """
        return ()


def camera_of(exposure: Exposure) -> Camera:
    """Find the camera that an exposure was translated by.

    Parameters
    ----------
    exposure : Exposure
        A raw file.

    Returns
    -------
    Camera
        The one that lists `Exposure.camera` among its own.

    Raises
    ------
    NotFoundError
        If none does: the plug-in is not installed any more.
    """
    for name in plugins.names("cameras"):
        camera = load_camera(name)
        if exposure.camera in camera.cameras:
            return camera
    raise NotFoundError(
        f"The camera '{exposure.camera}' is not known here",
        remedy="Install the package that brings it",
    )


def recognize(header: RawHeader) -> Camera:
    """Find the camera that a file comes from.

    Parameters
    ----------
    header : RawHeader
        Of the file.

    Returns
    -------
    Camera
        The first, in alphabetical order, that knows it.

    Raises
    ------
    FileFormatError
        If none does.
    """
    for name in plugins.names("cameras"):
        camera = load_camera(name)
        if camera.recognizes(header):
            return camera
    known = ", ".join(plugins.names("cameras")) or "none"
    raise FileFormatError(
        f"'{header.path}' comes from no camera that is known here",
        found=f"INSTRUME = {header.text('INSTRUME') or 'missing'}",
        remedy=f"Known cameras: {known}; more can be added as plug-ins",
    )


def load_camera(name: str) -> Camera:
    """Fetch a camera by name.

    Parameters
    ----------
    name : str
        Of its entry point.

    Returns
    -------
    Camera
        Ready to translate.

    Raises
    ------
    NotFoundError
        If there is no such camera.
    """
    camera: Camera = plugins.load("cameras", name)()
    return camera
