"""The observations of a workspace: taken in, listed, read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hcdc_kernel.workspace.part import WorkspacePart, silent

if TYPE_CHECKING:
    from hcdc_kernel.archive import ObservationInfo
    from hcdc_kernel.datamodel import Exposure, Sequence
    from hcdc_kernel.instruments.raw import MissingCalibration
    from hcdc_kernel.runner.facts import Rows
    from hcdc_kernel.runner.raw_ingest import IngestReport
    from hcdc_kernel.steps.base import Progress


class ObservationsPart(WorkspacePart):
    """The part of a workspace that knows observations."""

    def ingest(self, description: Path | str, root: Path | str | None = None) -> ObservationInfo:
        """Take in an already calibrated sequence by its description.

        Parameters
        ----------
        description : Path
            YAML file that says which files hold what.
        root : Path, optional
            Folder that the file names start from; that of the description by default.

        Returns
        -------
        ObservationInfo
            The observation; the same one if it was taken in before.

        Raises
        ------
        InputError
            If description or files cannot be used; archive and store stay as they are.
        ArchiveError
            If they cannot be stored.
        """
        from hcdc_kernel.instruments import load_sequence, read_description, source_files

        described = read_description(Path(description), None if root is None else Path(root))
        return self._enter(load_sequence(described), source_files(described))

    def ingest_files(
        self,
        paths: Iterable[Path | str],
        root: Path | str | None = None,
        *,
        progress: Progress = silent,
    ) -> IngestReport:
        """Take in raw files, folders of them, and descriptions of calibrated sequences.

        Raw files are grouped into observations, and each gets the calibrations that fit it
        best, whether these came before or come later. The files stay where they are; after
        they were moved, take in their new folder.

        Parameters
        ----------
        paths : iterable of Path
            Raw files, folders (searched at any depth), YAML descriptions.
        root : Path, optional
            Folder that the file names in descriptions start from.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        IngestReport
            Files taken in and refused, with the reason; observations made or changed.

        Raises
        ------
        InputError
            If a description cannot be used.
        ArchiveError
            If the archive cannot be written.
        """
        from hcdc_kernel.runner.raw_ingest import IngestReport, TakenIn, ingest_raw_files

        report, raw = IngestReport(), []
        for path in map(Path, paths):
            if path.suffix in (".yaml", ".yml") and not path.is_dir():
                info = self.ingest(path, root)
                report += IngestReport(n_files=1, observations=(TakenIn(info, "described"),))
            else:
                raw.append(path)
        return report + ingest_raw_files(self._archive, raw, progress) if raw else report

    def observations(self) -> list[ObservationInfo]:
        """List what can be reduced.

        Returns
        -------
        list of ObservationInfo
            All observations.
        """
        return list(self._archive.observations())

    def observation(self, name: str) -> ObservationInfo:
        """Find one observation.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ObservationInfo
            What is known of it.

        Raises
        ------
        NotFoundError
            If there is none; the message names similar ones.
        """
        return self._archive.observation(name)

    def facts(self, observation: str) -> Rows:
        """Sum up an observation for a table.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        tuple of tuple of str
            Name and value of each fact.
        """
        from hcdc_kernel.runner.facts import observation_rows

        return observation_rows(self.observation(observation))

    def sources(self, observation: str) -> Rows:
        """List the files that an observation was read from, for a table.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        tuple of tuple of str
            Role, name, size and SHA-256 of each file.
        """
        from hcdc_kernel.runner.facts import source_rows

        return source_rows(self._archive.sources(self.observation(observation).name))

    def load(self, observation: str) -> Sequence:
        """Read the data of an observation; raw frames are calibrated first, once and for all.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        Sequence
            Cube, PSF and, if there are any, reference frames.

        Raises
        ------
        InputError
            If raw frames cannot be calibrated.
        """
        from hcdc_kernel.runner.delivery import load_observation

        return load_observation(self._archive, self.observation(observation).name)

    def detail(self, observation: str) -> dict[str, Any]:
        """Tell all that is known of an observation, for scripts.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        dict
            Plain values: its record and facts; of raw frames also every file by role, and for
            every science frame its time, parallactic and derotation angle.
        """
        from hcdc_kernel.runner.raw_facts import observation_detail

        return observation_detail(self._archive, self.observation(observation))

    def missing_calibrations(self) -> tuple[MissingCalibration, ...]:
        """List by night which calibrations are late or missing.

        Returns
        -------
        tuple of MissingCalibration
            With the observations concerned, and what it means for them.
        """
        from hcdc_kernel.instruments.raw import missing_calibrations

        return missing_calibrations(
            info.to_dict() | {"calibrations": info.facts.get("calibrations", ())}
            for info in self.observations()
        )

    def exposures(
        self, *, first_night: str = "", last_night: str = "", kinds: Iterable[str] = ()
    ) -> list[Exposure]:
        """List the raw files that were taken in.

        Parameters
        ----------
        first_night, last_night : str
            Only those of these nights and between, ``YYYY-MM-DD``, if given.
        kinds : iterable of str
            Only those of these kinds, such as ``"flat"``, if given.

        Returns
        -------
        list of Exposure
            In the order of time.
        """
        return self._archive.exposures(
            first_night=first_night, last_night=last_night, kinds=tuple(kinds)
        )

    def make_example(self, name: str = "practice") -> ObservationInfo:
        """Make a synthetic sequence with hidden planets to practice on, and take it in.

        Parameters
        ----------
        name : str
            Name of the folder its files are written to, within ``examples`` of the home.

        Returns
        -------
        ObservationInfo
            The observation; the same one if it was made before.
        """
        from hcdc_kernel.synthetic import demo_scene, write_sequence

        return self.ingest(write_sequence(demo_scene(), self.settings.home / "examples" / name))

    def make_raw_example(
        self, name: str = "practice-night", *, progress: Progress = silent
    ) -> IngestReport:
        """Simulate raw frames of a night with hidden planets to practice on, and take them in.

        Parameters
        ----------
        name : str
            Name of the folder its files are written to, within ``examples`` of the home.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        IngestReport
            The observation is in it. Files that are there already are not simulated again.
        """
        from hcdc_kernel.synthetic.irdis import simulate_night, small_night

        folder = self.settings.home / "examples" / name
        if not (folder / "truth.json").is_file():  # the last file that a simulation writes
            scene = small_night(target="Practice Star", n_files=4, n_dit=6)
            simulate_night(scene, folder, progress)
        return self.ingest_files([folder], progress=progress)

    def _enter(self, sequence: Sequence, sources: Any) -> ObservationInfo:
        """Write the data of a sequence to files and enter them in the archive at once."""
        from hcdc_kernel.runner.delivery import enter_sequence

        return enter_sequence(self._archive, sequence, sources)
