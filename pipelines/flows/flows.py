"""The Prefect flows: release, refresh, remind. Thin: each hands ids to the plain functions.

What goes to Prefect's database are parameters (a home's path and ids), states with codes, and
one artifact of counts. No exception leaves a flow: Prefect would log its text and pickle it.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run

from errors import CodedError, Exit
from pipelines import cluster, operations, signals
from pipelines.errors import NobodyOrdered
from pipelines.flows.artifacts import publish_plan, publish_summary
from pipelines.flows.names import name_upcoming, run_name
from pipelines.flows.states import end_paused, ended, leave, state_of, was_paused
from pipelines.home import VARIABLE, Home, open_home
from pipelines.registers import ReadAhead
from pipelines.release import (
    STAGES,
    Outcome,
    Progress,
    check_ordered,
    read_order,
    run_release,
    run_stage,
)
from pipelines.session import Session

if TYPE_CHECKING:
    from pipelines.release import Refreshed

P = ParamSpec("P")
R = TypeVar("R")
SAFE: dict[str, Any] = {"persist_result": False, "cache_policy": NO_CACHE, "log_prints": False}


@dataclass
class RunObserver:
    """What a command that starts a flow in this process learns of it, and what a stage hands to its flow.

    It is handed on by the context and beside Prefect, which would store it.

    Args:
        progress: called with (stage, state).
        outcome: how the run ended.
        stop: why the last stage stopped.
        ahead: what the run has begun to read.
    """

    progress: Progress | None = None
    outcome: Outcome | None = None
    stop: CodedError | None = None
    ahead: ReadAhead | None = None

    def emit(self, stage: str, state: str) -> None:
        """Hand on that a stage has come to a state."""
        if self.progress is not None:
            self.progress(stage, state)


# Of one flow and what it calls, not of the process; no parameter, since Prefect stores those.
_observer: ContextVar[RunObserver | None] = ContextVar("observer", default=None)


@contextmanager
def observed(observer: RunObserver | None = None) -> Generator[RunObserver, None, None]:
    """Have flows in the block observed: by this observer, by the one of the context, or by a new one."""
    chosen = observer or _observer.get() or RunObserver()
    token = _observer.set(chosen)
    try:
        yield chosen
    finally:
        _observer.reset(token)


def _stage_task(name: str) -> Any:
    @task(name=name, task_run_name=name, retries=0, **SAFE)
    def stage(home: str, release: str) -> State[Any] | None:
        with observed() as observer:
            try:
                run_stage(home, release, name, observer.ahead, _cluster())
            except CodedError as error:
                observer.stop = error
                return _stopped(error)
        return None

    return stage


def _cluster() -> cluster.Connect | None:
    """Shards are task runs where workers can reach the server: the embedded one's password is ours alone."""
    return _through_prefect if os.environ.get("PREFECT_API_URL") else None


def _through_prefect(
    address: str, keywords: dict[str, Any]
) -> AbstractContextManager[cluster.ClusterConnection]:
    from pipelines.flows.dask_tasks import through_prefect

    return through_prefect(address, keywords)


def _stopped(error: CodedError) -> State[Any]:
    """A stage's state where it stopped: waiting is no failure."""
    return ended(error.exit, _name(error), error.code, of_task=True)


def _not_run(home: str | None, flow: str, error: Exception, **given: str) -> State[Any]:
    """The state of a flow that never came to a release: those on the list are told, and a run that nobody ordered is an attempt."""
    exit_, name, code = Exit.INTERNAL, "Broken", type(error).__name__
    if isinstance(error, CodedError):
        if error.exit is Exit.USAGE:
            error = NobodyOrdered(because=error.code)
        exit_, name, code = error.exit, _name(error), error.code
        own = (
            os.environ.get(VARIABLE) or home
        )  # where what was named is no home, it is recorded in the worker's
        operations.note_refusal(Path(own) if own else None, error, f"flow.{flow}", given)
    with contextlib.suppress(Exception):
        _notify(open_home(Path(home) if home else None), flow, "", exit_, name, code)
    return ended(exit_, name, str(error) if isinstance(error, CodedError) else code)


def _own_home(named: str | None) -> Home:
    """The home of this process, which a parameter may name and not change.

    Raises:
        NobodyOrdered: it names another.
    """
    own = os.environ.get(VARIABLE)
    if named and own and Path(named).resolve() != Path(own).resolve():
        raise NobodyOrdered(because="home")
    return open_home(Path(named) if named else None)


def _notify(home: Home, flow: str, project: str, exit_: Exit, name: str, code: str) -> None:
    with operations.without_consequence(home, "", "notices"):
        operations.notify(home, operations.Notice("", project, flow, name, "", code), exit_)


def _name(error: CodedError) -> str:
    return Outcome("", error.exit, "", error.as_dict()).state


TASKS = {stage.name: _stage_task(stage.name) for stage in STAGES}


def _call_as_task(home: str, release: str, name: str, ahead: ReadAhead) -> None:
    with observed() as observer:
        observer.stop, observer.ahead = None, ahead
        state: State[Any] = TASKS[name](home, release, return_state=True)
    if observer.stop is not None:
        raise observer.stop from None
    if not state.is_completed():
        raise RuntimeError(state.type.value)


def _orderly(flow: Callable[P, R]) -> Callable[P, R]:
    """A signal ends a flow in the way of who hears it: of the command that started it here, or of Prefect in a worker's process."""

    @wraps(flow)
    def heard(*given: P.args, **named: P.kwargs) -> R:
        signals.hear_again()
        with signals.noticed(TerminationSignal):
            return flow(*given, **named)

    return heard


def _release_name() -> str:
    release = str(flow_run.parameters.get("order", ""))
    home = flow_run.parameters.get("home") or os.environ.get(VARIABLE, "")
    try:
        return f"{release} {read_order(Home(Path(str(home))), release).kind}"
    except (CodedError, OSError, ValueError):
        return release


@flow(
    name="release",
    flow_run_name=_release_name,
    persist_result=False,
    log_prints=False,
    retries=0,
    validate_parameters=True,
)
@_orderly
def release(order: str, home: str | None = None) -> State[Any]:
    """Run or resume one ordered release.

    Args:
        order: the id of an order that a person made at the command line.
        home: the home's folder; ``DOJ_RELEASE_HOME`` where it is not given.
    """
    try:
        place = _own_home(home)
        with Session(place) as session:
            check_ordered(session, order)
        with operations.without_consequence(place, order, "paused"):
            end_paused(place.root, order)
        with observed() as observer:
            outcome = run_release(place, order, call=_call_as_task, progress=observer.emit)
            observer.outcome = outcome
        dry_run = False
        with operations.without_consequence(place, order, "artifacts"):
            dry_run = read_order(place, order).dry_run
            publish_summary(place, outcome)
    except Exception as error:  # noqa: BLE001  # Prefect would store its text
        return _not_run(home, "release", error, release=order)
    return leave(state_of(outcome, dry_run=dry_run))


def _scheduled_name() -> str:
    return run_name(flow_run.flow_name, flow_run.parameters, flow_run.scheduled_start_time)


@flow(
    name="refresh",
    flow_run_name=_scheduled_name,
    persist_result=False,
    log_prints=False,
    retries=0,
)
@_orderly
def refresh(system: str, project: str = "", home: str | None = None) -> State[Any]:
    """Refresh aggregates from the newest snapshot, closed years only: of one project, or of all in force.

    Resumed after a pause it goes on with what was ordered, and orders nothing.

    Args:
        system: code of the data system, such as CARPOS; every one where it is empty.
        project: number of the project; every one in force where it is empty.
        home: the home's folder; ``DOJ_RELEASE_HOME`` where it is not given.
    """
    from pipelines.release import refresh_projects, resume_refreshes

    try:
        place = _own_home(home)

        def run(order: str) -> Outcome:
            return run_release(place, order, call=_call_as_task)

        with operations.without_consequence(place, "", "names"):
            name_upcoming()
        refreshed = resume_refreshes if was_paused() else refresh_projects
        done = refreshed(place, system, run, project)
    except Exception as error:  # noqa: BLE001
        return _not_run(home, "refresh", error, project=project)
    for one in done:
        if one.error is not None:
            _notify(place, "refresh", one.project, one.exit, one.state, one.error.code)
        with operations.without_consequence(place, one.project, "artifacts"):
            if one.plan is not None:
                publish_plan(one.plan)
            if one.outcome is not None:
                publish_summary(place, one.outcome)
    return leave(_state_of_all(done))


def _state_of_all(done: "Sequence[Refreshed]") -> State[Any]:
    """One state for several projects: of the one that stopped, else of one that waits, else of one released."""
    from pipelines.release import worst

    if len(done) == 1 and done[0].outcome is not None:
        return state_of(done[0].outcome)
    said = ", ".join(f"{one.project} {one.state}" for one in done) or "no project in force"
    code = worst(done)
    if code is Exit.DONE:
        released = any(one.outcome for one in done)
        return ended(code, "Released" if released else "Unchanged", said)
    return ended(code, next(one.state for one in done if one.exit is code), said)


@flow(
    name="remind",
    flow_run_name=_scheduled_name,
    persist_result=False,
    log_prints=False,
    retries=0,
)
@_orderly
def remind(home: str | None = None) -> State[Any]:
    """Write the day's letters, send them, write the calendar, and end what was kept long enough.

    Args:
        home: the home's folder; ``DOJ_RELEASE_HOME`` where it is not given.
    """
    from pipelines.custody import enforce_retention_today
    from pipelines.operations import remind as reminded

    try:
        place = _own_home(home)
        with operations.without_consequence(place, "", "names"):
            name_upcoming()
        done = reminded(place)
        cleared = enforce_retention_today(place)
    except Exception as error:  # noqa: BLE001
        return _not_run(home, "remind", error)
    counts = f"{done.written} letters, {done.sent} sent, {done.unsent} unsent, {cleared} cleared"
    return ended(Exit.DONE, "Reminded", counts)
