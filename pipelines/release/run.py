"""The sequence of a release, the same with and without Prefect.

A stage is a plain function of a :class:`~pipelines.release.context.ReleaseContext`. Every stage may run again;
one that has finished is skipped where its recorded digests verify. How a stage is *called* is
the runner's business (a plain call here, a Prefect task in :mod:`pipelines.flows.flows`).
"""

import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from approvals import custody
from approvals.gate import is_refused_attempt, record_attempt
from errors import CodedError, Exit
from matching.arrays import MUCH, give_back
from pipelines import cluster, errors, operations, registers, storage
from pipelines.home import Home, locked, sweep, write_private
from pipelines.release import content, orders, stages, staging
from pipelines.release.context import ReleaseContext, open_context
from pipelines.release.errors import RunnerGone
from pipelines.release.metrics import stage_metrics, write_metrics
from pipelines.safeguards import check_pins
from pipelines.session import today
from pipelines.signals import if_forced, raise_if_stopped

OUTCOME = "outcome.json"
StageCall = Callable[[str, str, str, registers.ReadAhead], None]
Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: exit code, the error as coded data, and where it stands."""

    release: str
    exit: Exit
    stage: str
    error: Mapping[str, object] | None = None
    text: str = ""
    facts: Mapping[str, staging.FactValue] | None = None

    @property
    def name(self) -> str:
        """A word for the state, as Prefect and people show it."""
        return {
            Exit.DONE: "Released",
            Exit.REFUSED: "Refused",
            Exit.FAILED: "ValidationFailed",
            Exit.INTEGRITY: "IntegrityBroken",
            Exit.INPUT: "InputRefused",
            Exit.WAITING: "Waiting",
            Exit.HELD: "Held",
            Exit.HUNG_UP: "Interrupted",
            Exit.INTERRUPTED: "Interrupted",
            Exit.TERMINATED: "Interrupted",
        }.get(self.exit, "Broken")

    @property
    def state(self) -> str:
        """The same, telling apart for whom it waits and what is no failure of the release."""
        code = str((self.error or {}).get("code", ""))
        return _STATES.get(code, self.name)


_STATES = {
    "RUN-03": "WaitingForReview",
    "RUN-04": "WaitingForApproval",
    "RUN-41": "WaitingForAnswer",
    "RUN-30": "Interrupted",
    "LEDGER-01": "Interrupted",
    "LEDGER-06": "Interrupted",
    "CRYPTO-11": "Interrupted",
    "CLUSTER-03": "Interrupted",
    "CLUSTER-04": "Interrupted",
    "CLUSTER-05": "Interrupted",
    **{error.code: "Interrupted" for error in storage.INTERRUPTIONS},
}


def run_release(
    home: Home,
    release: str,
    *,
    call: StageCall | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run or resume one release to its end, or to where it has to stop.

    Args:
        home: the deployment.
        release: the id of an order.
        call: how to call a stage by (home, release, name, what the run reads ahead); plainly by default.
        progress: called with (stage, ``start`` | ``done`` | ``stopped``).

    Returns:
        The outcome; errors are in it, not raised, and ``outcome.json`` in the run's folder
        says the same.
    """
    at = "start"
    reporter = RunReporter(home, release, progress)
    try:
        orders.run_folder(home, release)
        project = reporter.begin().project
        with (
            locked(home.runs / release, home.projects / project),
            open_context(home, release) as context,
            if_forced(partial(_record_forced_end, home, release)),
            registers.ReadAhead() as ahead,
        ):
            (home.runs / release / OUTCOME).unlink(missing_ok=True)  # of before
            sweep(home.runs / release, home.projects / project / "reports" / release)
            for stage in _stages(context):
                at = stage.name
                if _finished(context, stage):
                    reporter.emit("stage_skipped", stage=at)
                else:
                    reporter.stage_begins(at)
                    try:
                        (call or run_stage)(str(home.root), release, at, ahead)
                    except Exception:
                        raise_if_stopped()  # while Prefect begins a task, a signal is an exception of its own
                        raise
                    reporter.stage_done(at, context.records.read(at))
                if context.order.dry_run and stage.last_of_dry_run:
                    break
    except CodedError as error:
        reporter.stopped(at)
        outcome = Outcome(release, error.exit, at, error.as_dict(), str(error))
    except Exception as error:  # noqa: BLE001  # nothing unknown may leave with a text that nobody wrote
        reporter.stopped(at)
        operations.keep_details(home, release, at)
        broken = operations.as_interruption(error) or errors.StageBroken(stage=at)
        outcome = Outcome(release, broken.exit, at, broken.as_dict(), str(broken))
    except BaseException as stop:  # a signal, which Prefect turns into an exception of its own
        reporter.stopped(at)
        number = getattr(stop, "number", None) or getattr(stop, "signal", signal.SIGINT)
        error = operations.RunInterrupted(what="signal")
        if at != "start":  # else it had no lock yet: the outcome may be another's
            ended = Outcome(release, Exit(128 + number), at, error.as_dict(), str(error))
            _conclude(reporter, ended)
        raise
    else:
        outcome = Outcome(release, Exit.DONE, at)
    return _conclude(reporter, outcome)


def _conclude(reporter: "RunReporter", outcome: Outcome) -> Outcome:
    """Write down how a run ended; nothing that is told of it afterwards changes it."""
    home, release = reporter.home, outcome.release
    with operations.without_consequence(home, release, "outcome"):
        _write_outcome(home, outcome)
    if (
        outcome.name != "Interrupted"
    ):  # nobody waits for a mail server then; who sent the signal knows
        with operations.without_consequence(home, release, "notices"):
            reporter.notify(outcome)
    with operations.without_consequence(home, release, "metrics"):
        reporter.end(outcome)
    return outcome


class RunReporter:
    """What others see of a run: its caller's progress, the log of those who operate the home, the metrics at its end."""

    def __init__(self, home: Home, release: str, progress: Progress | None) -> None:
        self.home = home
        self._release = release
        self._progress = progress
        self._log: operations.RunLog | None = None
        self._order: orders.Order | None = None
        self._done: list[staging.StageRecord] = []
        self._untold = 0

    def begin(self) -> orders.Order:
        """The run begins: its order, by which the log's lines are known."""
        self._order = order = orders.read_order(self.home, self._release)
        about = {"release": self._release, "project": order.project, "kind": order.kind}
        self._log = operations.run_log(self.home, about)
        self.emit("run_began")
        return order

    def emit(
        self,
        event: operations.Event,
        level: operations.Level = "info",
        **fields: str | float | None,
    ) -> None:
        """Write a line of the log."""
        if self._log is not None:
            self._log.emit(event, level, **fields)

    def stage_begins(self, stage: str) -> None:
        """A stage begins."""
        self._report(stage, "start")
        self.emit("stage_began", stage=stage)

    def stage_done(self, stage: str, record: staging.StageRecord | None) -> None:
        """A stage has finished, and left this record."""
        if record is not None:
            self._done.append(record)
            (one,) = stage_metrics([record])
            self.emit(
                "stage_done", stage=one.stage, seconds=one.seconds, rows=one.rows, bytes=one.bytes
            )
        self._report(stage, "done")

    def stopped(self, stage: str) -> None:
        """The run stops at a stage."""
        self._report(stage, "stopped")

    def notify(self, outcome: Outcome) -> None:
        """Those on the list are told how it ended; what they were not is counted with the run."""
        if self._order is None or (self._order.dry_run and outcome.exit is Exit.DONE):
            return
        code = str((outcome.error or {}).get("code", ""))
        report = Path(str(summarise(self.home, outcome).get("report", ""))).name
        about = (self._release, self._order.project, self._order.kind)
        notice = operations.Notice(*about, outcome.state, outcome.stage, code, report)
        self._untold = 1  # where this comes to no end
        self._untold = operations.notify(self.home, notice, outcome.exit)
        if self._untold:
            self.emit("notice_waits", "warning", stage=outcome.stage)

    def end(self, outcome: Outcome) -> None:
        """The run has ended."""
        if self._order is None:
            return
        code = str((outcome.error or {}).get("code", "")) or None
        grave = outcome.exit not in (Exit.DONE, Exit.WAITING)
        self.emit(
            "run_ended",
            "error" if grave else "info",
            stage=outcome.stage,
            state=outcome.state,
            exit=int(outcome.exit),
            code=code,
        )
        done = stage_metrics(self._done)
        write_metrics(self.home, self._order.kind, outcome.state, done, self._untold)

    def _report(self, stage: str, state: str) -> None:
        if self._progress is not None:
            with operations.without_consequence(self.home, self._release, stage):
                self._progress(stage, state)


def run_stage(
    root: str,
    release: str,
    name: str,
    ahead: registers.ReadAhead | None = None,
    connect: cluster.Connect | None = None,
) -> None:
    """Run one stage in this process and keep its record.

    Args:
        root: the home's folder.
        release: the release's id.
        name: the stage's.
        ahead: what the run has begun to read; nothing where the stage runs by itself.
        connect: how to connect to a cluster that works shards; by Dask's own client by default.

    Raises:
        CodedError: the stage's own, or StageBroken for anything unexpected (the details go to
            the protected local log, never into the error).
    """
    home = Home(Path(root))
    stage = next(s for s in stages.STAGES if s.name == name)
    with open_context(home, release, connect, ahead) as context:
        began = time.monotonic()
        try:
            orders.check_ordered(context.session, release)
            check_answers(context)
            check_pins(
                context.session, context.order.system, context.order.pins, context.state.pins
            )
            product = stage.work(context)
            seconds = time.monotonic() - began
            context.records.keep(name, product.files, product.facts, seconds)
            context.staging.upload(name)
        except Exception as error:  # noqa: BLE001
            raise_if_stopped()
            raise _as_coded(context, name, error) from None
    give_back(MUCH)  # the next stage holds other things


def check_answers(context: ReleaseContext) -> None:
    """Refuse to go on where nobody answers for a run any more: a scheduled or remote one acts by itself.

    Raises:
        RunnerGone: who ordered it, or resumed it last, may not run one now.
    """
    who = context.session.people.active(context.state.answers)
    if who is None or who.roles.isdisjoint(custody.ROLES["resume"]):
        raise RunnerGone(person=context.state.answers)


def _as_coded(context: ReleaseContext, stage: str, error: Exception) -> CodedError:
    """What a stage's exception becomes; a failure of the release is recorded, a full disk is none."""
    if not isinstance(error, CodedError):
        operations.keep_details(context.session.home, context.release, stage)
    if interrupted := operations.as_interruption(error):
        return interrupted
    known = error if isinstance(error, CodedError) else None
    _record_stop(context, stage, known)
    return known or errors.StageBroken(stage=stage)


def _record_stop(context: ReleaseContext, stage: str, error: CodedError | None) -> None:
    """Record that a stage failed or was refused; the gate and waiting have events of their own."""
    session = context.session
    if error is not None and is_refused_attempt(error):
        by, step = context.state.ordered_by, f"stage.{stage}"
        record_attempt(
            session.ledger, error, actor=by, step=step, on=today(), release=context.release
        )
    if error is not None and error.exit in {Exit.REFUSED, Exit.WAITING, Exit.HELD}:
        return
    code = error.code if error else errors.StageBroken.code
    context.note("release_failed", once=False, code=code, stage=stage)


def _stages(context: ReleaseContext) -> list[stages.Stage]:
    """The stages that apply; only the last one where the packages stand in the outbox already."""
    applying = [stage for stage in stages.STAGES if stage.applies(context.order)]
    return applying[-1:] if context.outbox.exists() else applying


def _finished(context: ReleaseContext, stage: stages.Stage) -> bool:
    if stage.every_time or context.records.verified(stage.name) is None:
        return False
    if stage.is_stale is not None and stage.is_stale(context):
        return False
    context.staging.upload(stage.name)  # a run that was killed may not have come to it
    return True


def _record_forced_end(home: Home, release: str, number: int) -> None:
    """Write down that a signal ended a run by force, where the run did not come to say so itself."""
    folder = home.runs / release
    if (folder / OUTCOME).is_file():
        return
    done = {path.stem for path in (folder / "stages").glob("*.json")}
    at = next((one.name for one in stages.STAGES if one.name not in done), stages.STAGES[-1].name)
    error = operations.RunInterrupted(what="signal")
    _write_outcome(home, Outcome(release, Exit(128 + number), at, error.as_dict(), str(error)))


def _write_outcome(home: Home, outcome: Outcome) -> None:
    folder = home.runs / outcome.release
    if not folder.is_dir() or outcome.exit is Exit.HELD:
        return
    body = {
        "exit": int(outcome.exit),
        "stage": outcome.stage,
        "state": outcome.name,
        "error": outcome.error,
    }
    write_private(folder / OUTCOME, json.dumps(body, indent=1))


def summarise(home: Home, outcome: Outcome) -> dict[str, Any]:
    """What a person or a script wants to know after a run."""
    order = orders.read_order(home, outcome.release)
    body: dict[str, Any] = {
        "release": outcome.release,
        "project": order.project,
        "kind": order.kind,
        "snapshot": order.snapshot,
        "state": "DryRun" if order.dry_run and not outcome.exit else outcome.name,
        "stage": outcome.stage,
    }
    reports = home.projects / order.project / "reports" / outcome.release
    if (report := reports / "department.html").is_file():
        body["report"] = str(report)
    if (proposals := reports / "proposals.json").is_file():
        with operations.without_consequence(home, outcome.release, "summary"):
            body["proposals"] = json.loads(proposals.read_text("utf-8"))
    if (changes := reports / content.CHANGES_FILE).is_file():
        body["changes"] = str(changes)
    outbox = home.outbox / order.project / outcome.release
    if outbox.is_dir():
        body["outbox"] = str(outbox)
        body["recipients"] = sorted(p.name for p in outbox.iterdir())
    if outcome.error:
        body["error"] = dict(outcome.error)
    return body
