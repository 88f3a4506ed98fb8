"""A recipe at work: all at once or step by step, nothing done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from hcdc_kernel.datamodel import Data
from hcdc_kernel.errors import NotFoundError
from hcdc_kernel.runner.compute import compute
from hcdc_kernel.runner.facts import Rows, step_rows
from hcdc_kernel.runner.plan import Plan, Task
from hcdc_kernel.runner.results import Missing, Results, StepResult
from hcdc_kernel.runner.shelves import Shelf
from hcdc_kernel.steps.base import Progress, no_progress


class Reduction:
    """A plan and how far it has come.

    Outputs are kept as soon as they exist, so that whoever dies in the middle goes on from
    there; what has been made before, with the same settings from the same data, is not made
    again. What was made and not kept is made again only if somebody asks for it, with all that
    this takes.

    Attributes
    ----------
    plan : Plan
        The steps with their content keys.
    done : tuple of StepResult
        The steps done so far, in their order.
    """

    def __init__(self, plan: Plan, shelf: Shelf) -> None:
        self.plan = plan
        self.done: tuple[StepResult, ...] = ()
        self._shelf = shelf
        self._loaded: dict[str, Data] = {}

    @property
    def names(self) -> Mapping[str, str]:
        """Content key of each name as things stand now.

        Returns
        -------
        mapping of str to str
            A name that several steps return stands for the latest.
        """
        return self._names_after(len(self.done))

    @property
    def results(self) -> Results:
        """Everything there is by now, inputs included.

        Returns
        -------
        Results
            Data by name, read only when asked for.
        """
        return Results(self._read, self.names)

    @property
    def log(self) -> Rows:
        """Rows of a table of what was done.

        Returns
        -------
        tuple of tuple of str
            Step, version, settings and time of each step done so far.
        """
        return step_rows(self.done)

    def result(self, name: str) -> Data:
        """Fetch one result.

        Parameters
        ----------
        name : str
            Such as ``"residual"``.

        Returns
        -------
        data object
            The latest of that name.

        Raises
        ------
        NotFoundError
            If there is none (yet).
        """
        names = self.names
        if name in names:
            return self._fetch(names[name])
        later = [task.step for task in self.plan.tasks if name in task.outputs]
        remedy = f"Run the step '{later[0]}'" if later else f"Choose from {', '.join(names)}"
        raise NotFoundError(f"There is no '{name}' in this reduction", remedy=remedy)

    def step(self, name: str, progress: Progress = no_progress) -> StepResult:
        """Run one step, and before it those that it stands on.

        Parameters
        ----------
        name : str
            Name of the step.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        StepResult
            What the step made.
        """
        self.run(until=name, progress=progress)
        return self.done[self.plan.index(name)]

    def run(self, until: str | None = None, progress: Progress = no_progress) -> Self:
        """Run what has not been run yet.

        Parameters
        ----------
        until : str, optional
            Last step to run; all of them by default.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        Reduction
            This reduction.

        Raises
        ------
        NotFoundError
            If there is no such step.
        RunError
            If a step stops for a reason that is not the user's.
        """
        tasks = self.plan.tasks
        end = len(tasks) if until is None else self.plan.index(until) + 1
        for place in range(len(self.done), end):
            done = self._do(tasks[place], _Share(progress, place, len(tasks)))
            self.done = (*self.done, done)
            self._forget()
        progress(end / len(tasks) if tasks else 1.0, "done")
        return self

    def before(self, name: str, progress: Progress = no_progress) -> Results:
        """Run all that comes before a step.

        Parameters
        ----------
        name : str
            Name of the step.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        Results
            What the step will find.

        Raises
        ------
        NotFoundError
            If there is no such step.
        """
        place = self.plan.index(name)
        if place > 0:
            self.run(until=self.plan.tasks[place - 1].step, progress=progress)
        return Results(self._read, self._names_after(place))

    def make(self, *names: str, progress: Progress = no_progress) -> Self:
        """Run as far as it takes until data of these names are final.

        Parameters
        ----------
        *names : str
            Names of data, such as ``"residual"``; a name that the recipe does not make is
            passed over.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        Reduction
            This reduction.
        """
        makers = [task.step for task in self.plan.tasks if set(names) & set(task.outputs)]
        return self.run(until=makers[-1], progress=progress) if makers else self

    def restore(self, *names: str) -> Self:
        """Make again what was made and not kept, so that others can read it.

        Parameters
        ----------
        *names : str
            Names of data that have been made by now.

        Returns
        -------
        Reduction
            This reduction.
        """
        for name in names:
            if not self._shelf.has(self.names[name]):
                self._read(self.names[name])
        return self

    def view(self, draw: Callable[..., Any], *names: str) -> Any:
        """Make data and draw them.

        Parameters
        ----------
        draw : callable
            A figure or table of data objects.
        *names : str
            The data to draw, in the order that `draw` takes them.

        Returns
        -------
        object
            What `draw` returns; a `Missing` note if the recipe does not make the data.
        """
        known = self.make(*names).names
        missing = [name for name in names if name not in known]
        if missing:
            return Missing(f"The recipe '{self.plan.recipe}' makes no {' and no '.join(missing)}.")
        return draw(*(self.result(name) for name in names))

    def view_step(self, draw: Callable[..., Any], step: str, *names: str) -> Any:
        """Run a step and draw what it makes, before later steps change it.

        Parameters
        ----------
        draw : callable
            A figure or table of data objects.
        step : str
            Name of the step.
        *names : str
            Outputs of the step to draw, in the order that `draw` takes them.

        Returns
        -------
        object
            What `draw` returns; None, which a notebook shows as nothing, if the plan has no
            such step: sequences that came calibrated are not calibrated again.
        """
        if step not in (task.step for task in self.plan.tasks):
            return None
        outputs = self.step(step).outputs.keys_by_name
        return draw(*(self._fetch(outputs[name]) for name in names))

    def view_change(self, draw: Callable[..., Any], step: str, name: str) -> Any:
        """Run a step and draw what it was given beside what it made of it.

        Parameters
        ----------
        draw : callable
            A figure of two data objects, before and after.
        step : str
            Name of the step.
        name : str
            Data that the step takes and returns, such as ``"cube"``.

        Returns
        -------
        object
            What `draw` returns; None, which a notebook shows as nothing, if the plan has no
            such step: a recipe may end before it.
        """
        if step not in (task.step for task in self.plan.tasks):
            return None
        self.before(step)
        # Fetched, not read: steps that leave the images as they are share them.
        before = self._fetch(self._names_after(self.plan.index(step))[name])
        return draw(before, self._fetch(self.step(step).outputs.keys_by_name[name]))

    def _names_after(self, n_done: int) -> dict[str, str]:
        """Tell what each name stands for once so many steps are done."""
        names = dict(self.plan.inputs)
        for task in self.plan.tasks[:n_done]:
            names |= task.outputs
        return names

    def _do(self, task: Task, progress: _Share) -> StepResult:
        """Reuse the outputs of a task, or make and keep them."""
        begin = time.perf_counter()
        reused = all(self._shelf.is_done(key) for key in task.outputs.values())
        progress(0.0, task.step)
        if reused:
            for key in task.outputs.values():
                self._shelf.reuse(key)
        else:
            self._make(task, progress)
        outputs = Results(self._read, task.outputs)
        seconds = time.perf_counter() - begin
        return StepResult(task.step, task.version, task.config, outputs, seconds, reused)

    def _make(self, task: Task, progress: Progress) -> None:
        """Run a step and keep what it returns at once."""
        data = {name: self._fetch(key, progress) for name, key in task.inputs.items()}
        keys = task.inputs if self._shelf.keeps_keys else None
        outputs = compute(task, data, keys=keys, progress=progress)
        for name, made in outputs.items():
            self._shelf.keep(task, name, made)
            self._loaded[task.outputs[name]] = made

    def _fetch(self, key: str, progress: Progress = no_progress) -> Data:
        """Give data by key, from memory if they are still there."""
        if key not in self._loaded:
            self._loaded[key] = self._read(key, progress)
        return self._loaded[key]

    def _read(self, key: str, progress: Progress = no_progress) -> Data:
        """Read data by key; make them again if they were not kept."""
        tasks = () if self._shelf.has(key) else self._makers(key)
        if not tasks:
            return self._shelf.read(key)
        for place, task in enumerate(tasks, start=1):
            progress(0.0, f"{task.step}, once more")
            self._make(task, no_progress)
            self._forget({key}.union(*(later.inputs.values() for later in tasks[place:])))
        return self._loaded.pop(key)

    def _makers(self, key: str) -> tuple[Task, ...]:
        """Find the tasks that it takes to make data again, in their order."""
        wanted, tasks = {key}, []
        for task in reversed(self.plan.tasks):
            if wanted.isdisjoint(task.outputs.values()):
                continue
            tasks.append(task)
            starts = task.inputs.values()
            wanted |= {k for k in starts if k not in self._loaded and not self._shelf.has(k)}
        return tuple(reversed(tasks))

    def _forget(self, needed: Iterable[str] = ()) -> None:
        """Let go of data that no name stands for any more: cubes are large."""
        current = {*self.names.values(), *needed}
        self._loaded = {key: data for key, data in self._loaded.items() if key in current}


class _Share:
    """Turns the progress of one task into that of the whole plan."""

    def __init__(self, tell: Progress, place: int, n_tasks: int) -> None:
        self._tell, self._place, self._n_tasks = tell, place, n_tasks

    def __call__(self, done: float, text: str) -> None:
        self._tell((self._place + done) / self._n_tasks, text)
