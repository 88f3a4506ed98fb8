"""The archive's observations: what was observed, and from which files it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, select, update

from hcdc_kernel.archive import entering, rows
from hcdc_kernel.archive.info import (
    NewProduct,
    NewRawInput,
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
    ProductFile,
    RawFile,
    Run,
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
            key = entering.observation_key(identity, keys)
            observation = entering.enter_observation(session, identity, key, facts)
            entering.enter_sources(session, observation, sources)
            (info,) = rows.observation_infos(session, Observation.id == observation)
            for name, path in data.items():
                new = NewProduct(keys[name], name, name, "fits", path, observation=info.name)
                product = entering.enter_product(session, new, stored[name])
                entering.enter_input(session, observation, name, product)
                self._restore(session, product, stored[name])
            return info

    def set_raw_observation(
        self,
        identity: Identity,
        key: str,
        inputs: Mapping[str, NewRawInput],
        facts: Mapping[str, Any],
    ) -> ObservationInfo:
        """Enter an observation of raw frames, or give a known one new inputs and facts.

        Its name stays when calibrations are found later; earlier runs stay linked to it, and
        what they were made from stays known.

        Parameters
        ----------
        identity : Identity
            Star, camera, filter, night.
        key : str
            Tells it from all others; does not depend on its calibrations.
        inputs : mapping of str to NewRawInput
            Lists of raw files by name (``"science"``, ``"flats"``, ...), all that it has now.
        facts : mapping
            As for `add_observation`.

        Returns
        -------
        ObservationInfo
            The new or the changed observation.

        Raises
        ------
        ArchiveError
            If it cannot be entered; then nothing is.
        """
        new = {name: one for name, one in inputs.items() if one.content is not None}
        contents = [one.content for one in new.values() if one.content is not None]
        put = self._put([one.key for one in new.values()], contents)
        stored = dict(zip(new, put, strict=True))
        with self._database.writing() as session:
            observation = entering.enter_observation(session, identity, key, facts)
            entering.update_facts(session, observation, facts)
            (info,) = rows.observation_infos(session, Observation.id == observation)
            products = {}
            for name, one in inputs.items():
                if one.content is None:
                    products[name] = rows.product_id(session, one.key)
                    continue
                product = NewProduct(one.key, "exposures", name, "fits", one.content, info.name)
                products[name] = entering.enter_product(session, product, stored[name])
                entering.enter_files(session, products[name], one.files)
                self._restore(session, products[name], stored[name])
            entering.replace_inputs(session, observation, products)
            return info

    def remove_observation(self, name: str) -> bool:
        """Take out an observation that nothing was made of.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        bool
            False if it has runs or products of its own: then it stays.
        """
        with self._database.writing() as session:
            found = rows.observation_id(session, name)
            made = select(Product.id).where(Product.observation_id == found, Product.step != "")
            runs = select(Run.id).where(Run.observation_id == found)
            if session.scalar(made.limit(1)) or session.scalar(runs.limit(1)):
                return False
            mine = Product.observation_id == found
            session.execute(update(Product).where(mine).values(observation_id=None))
            for table in (ObservationInput, Exposure):
                session.execute(delete(table).where(table.observation_id == found))
            session.execute(delete(Observation).where(Observation.id == found))
            return True

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
            In the order in which they were handed in; raw files by what they serve for.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, observation)
            files = session.scalars(
                select(Exposure).where(Exposure.observation_id == found).order_by(Exposure.id)
            )
            handed_in = [
                SourceInfo(file.path, file.sha256, file.size, file.role, observation)
                for file in files
            ]
            listed = session.execute(
                select(ObservationInput.name, RawFile)
                .join(ProductFile, ProductFile.product_id == ObservationInput.product_id)
                .join(RawFile, RawFile.id == ProductFile.file_id)
                .where(ObservationInput.observation_id == found)
                .order_by(ObservationInput.name, RawFile.start_mjd, RawFile.name)
            )
            return handed_in + [
                SourceInfo(file.path, file.content, file.size, role, observation)
                for role, file in listed
            ]
