"""The archive's observations: what was observed, and from which files it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select

from hcdc_kernel.archive import entering, rows
from hcdc_kernel.archive.info import (
    NewProduct,
    ObservationInfo,
    ProductInfo,
    Source,
    SourceInfo,
)
from hcdc_kernel.archive.shared import ArchivePart
from hcdc_kernel.archive.tables import (
    Exposure,
    Observation,
    ObservationInput,
    Product,
    Target,
)
from hcdc_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Identity  # would import numpy


class Observations(ArchivePart):
    """The part of the archive that knows observations."""

    def add_observation(
        self,
        identity: Identity,
        sources: Sequence[Source],
        data: Mapping[str, Path],
        keys: Mapping[str, str],
        facts: Mapping[str, Any],
    ) -> ObservationInfo:
        """Enter an observation with its source files and the data that were read from them.

        The same content again is the same observation. Another content of the same star,
        camera, filter and night gets a name that ends in ``_2``, ``_3``, ...

        Parameters
        ----------
        identity : Identity
            Star, camera, filter, night.
        sources : sequence of Source
            The files it came from.
        data : mapping of str to Path
            Files with the data, by name (``"cube"``, ``"psf"``); they are copied.
        keys : mapping of str to str
            Content key of each of `data`.
        facts : mapping
            ``n_frames``, ``n_wave``, ``field_rotation_deg`` and whatever else is known.

        Returns
        -------
        ObservationInfo
            The new or the known observation.

        Raises
        ------
        ArchiveError
            If it cannot be entered; then nothing is.
        """
        if set(data) != set(keys):
            raise ArchiveError("Data and keys have different names", found=f"{[*data]}, {[*keys]}")
        stored = dict(zip(data, self._put(keys.values(), data.values()), strict=True))
        with self._database.writing() as session:
            observation = entering.enter_observation(session, identity, keys, facts)
            entering.enter_sources(session, observation, sources)
            (info,) = rows.observation_infos(session, Observation.id == observation)
            for name, path in data.items():
                new = NewProduct(keys[name], name, name, "fits", path, observation=info.name)
                product = entering.enter_product(session, new, stored[name])
                entering.enter_input(session, observation, name, product)
                self._restore(session, product, stored[name])
            return info

    def observations(self, *, target: str = "", instrument: str = "") -> list[ObservationInfo]:
        """List the observations by name.

        Parameters
        ----------
        target, instrument : str
            Only those of this star and camera, if given.

        Returns
        -------
        list of ObservationInfo
            Empty if there is none.
        """
        where: list[ColumnElement[bool]] = []
        if target:
            where.append(Target.name == target)
        if instrument:
            where.append(Observation.instrument == instrument)
        with self._database.reading() as session:
            return rows.observation_infos(session, *where)

    def observation(self, name: str) -> ObservationInfo:
        """Find an observation.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ObservationInfo
            Its record.

        Raises
        ------
        NotFoundError
            If there is none of that name; close names are told.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, name)
            return rows.observation_infos(session, Observation.id == found)[0]

    def inputs(self, observation: str) -> dict[str, ProductInfo]:
        """Tell the products that a reduction of an observation starts from.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        dict of str to ProductInfo
            ``"cube"``, ``"psf"`` and, for some, ``"references"``.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, observation)
            mine = ObservationInput.observation_id == found
            infos = {
                info.uid: info
                for info in rows.product_infos(
                    session, select(ObservationInput.product_id).where(mine)
                )
            }
            named = session.execute(
                select(ObservationInput.name, Product.uid)
                .join(Product, Product.id == ObservationInput.product_id)
                .where(mine)
                .order_by(ObservationInput.name)
            )
            return {name: infos[uid] for name, uid in named}

    def sources(self, observation: str) -> list[SourceInfo]:
        """List the source files of an observation.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        list of SourceInfo
            In the order in which they were handed in.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, observation)
            files = session.scalars(
                select(Exposure).where(Exposure.observation_id == found).order_by(Exposure.id)
            )
            return [
                SourceInfo(file.path, file.sha256, file.size, file.role, observation)
                for file in files
            ]
