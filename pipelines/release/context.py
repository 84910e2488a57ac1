"""What a stage works with: a session, an order and its approval, and the run's staging and snapshot."""

import functools
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa

from approvals.custody import ReleaseState
from approvals.gate import ReleaseRequest
from approvals.ledger import FactValue, Statement
from approvals.project import ProjectState
from crypto.cms import Recipient, Signer
from crypto.identifiers import order_keys, research_ids
from crypto.secret import Secret
from expectations.checks import Validation
from expectations.errors import ValidationFailed
from expectations.validation import Begun
from matching.own_words import OwnWords
from pipelines.cluster import Connect, Workers, workers_of
from pipelines.custody import report_folder
from pipelines.home import Home, write_private
from pipelines.keys import checkpoint
from pipelines.registers import ReadAhead, index_of
from pipelines.release.approved import ApprovedRelease
from pipelines.release.errors import ApplicationMissing
from pipelines.release.orders import Order, read_order, run_folder
from pipelines.release.staging import Records, Staging
from pipelines.session import Session, today
from systems.register import Index, Snapshot


class ProjectIds:
    """Research ids and row order under one project's secret, for ``extracts``."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def ids(self, label: str, values: pa.Array) -> pa.Array:
        """One id (string) for each value."""
        return research_ids(self._secret, label, values)

    def order(self, label: str, values: pa.Array) -> pa.Array:
        """One sort key for each value."""
        return order_keys(self._secret, label, values)


@dataclass(frozen=True)
class ReleaseContext:
    """One release at work. Expensive parts are made when they are first asked for.

    Attributes:
        session: the opened home.
        order: what a person asked for.
        folder: the run's folder.
        connect: how to connect to a cluster that works shards, where a flow has a way of its own.
        ahead: what the run has begun to read, handed on from stage to stage.
    """

    session: Session
    order: Order
    folder: Path
    connect: Connect | None = None
    ahead: ReadAhead = field(default_factory=ReadAhead)

    @property
    def release(self) -> str:
        """The release's id."""
        return self.order.release

    @functools.cached_property
    def project(self) -> ProjectState:
        """The project as the ledger had it when the stage began, with its application."""
        return self.session.projects.show(self.order.project)

    @property
    def state(self) -> ReleaseState:
        """The release as the ledger has it now."""
        return self.session.releases.show(self.release)

    @functools.cached_property
    def approved(self) -> ApprovedRelease:
        """What was approved and ordered.

        Raises:
            ApplicationMissing: the project has no readable application.
        """
        form = self.project.application
        if form is None:
            raise ApplicationMissing(project=self.order.project)
        return ApprovedRelease(
            self.order, form, self.session.settings.disclosure, self.session.systems
        )

    @functools.cached_property
    def staging(self) -> Staging:
        """The run's staged tables."""
        store = self.session.object_store("staging")
        return Staging(self.folder, self.release, self.session.keyring, store)

    @property
    def records(self) -> Records:
        """Records of finished stages."""
        return self.staging.records

    def facts(self, stage: str) -> Mapping[str, object]:
        """The facts that a finished stage recorded, empty where it has not run."""
        return self.records.facts(stage)

    @functools.cached_property
    def snapshot(self) -> Snapshot:
        """The pinned snapshot of the register."""
        return self.session.registers.open(self.order.snapshot)

    @property
    def index(self) -> Index | None:
        """The snapshot's index; it is of those whose records these are, and none where others are matched."""
        return None if self.approved.linked_role else index_of(self.snapshot)

    @functools.cached_property
    def ids(self) -> ProjectIds:
        """Ids under the project's secret."""
        return ProjectIds(self.session.keyring.project_secret(self.order.project, create=True))

    @functools.cached_property
    def signer(self) -> Signer:
        """The Department's signer."""
        return self.session.keyring.signer()

    @property
    def threads(self) -> int | None:
        """DuckDB's worker threads."""
        return self.session.settings.orchestration.threads or None

    @property
    def words(self) -> OwnWords:
        """The Department's own nicknames, and what stands for nobody."""
        linkage = self.session.settings.linkage
        return OwnWords(linkage.placeholders, linkage.nicknames)

    def workers(self) -> Workers | None:
        """The workers of the settings' cluster; None where there is none, or this machine does as well.

        A cohort that is one shard is not worth a cluster's answer: all tables would be written and read for it.

        Raises:
            ClusterUnsafe, ClusterMissing: see `pipelines.cluster.workers_of`.
        """
        settings = self.session.settings.cluster
        if not settings.scheduler:
            return None
        cohort = self.project.cohort(self.order.cohort_digest or "")
        if cohort is None or cohort.rows <= settings.shard_rows:
            return None
        return workers_of(settings, self.release, self.connect)

    def gate_request(self, stage: Literal["run", "handover"] = "run") -> ReleaseRequest:
        """What the gate is asked, with all that the order says."""
        order, approved = self.order, self.approved
        individual = order.kind != "aggregated"
        cohort = self.project.cohort(order.cohort_digest) if order.cohort_digest else None
        return ReleaseRequest(
            kind=order.kind,
            on=today(),
            system=order.system,
            years=order.years,
            cohort_digest=order.cohort_digest,
            cohort_rows=cohort.rows if cohort else None,
            stage=stage,
            order_scope=approved.scope,
            variables=approved.variables if individual else (),
            dimensions=() if individual else approved.dimensions,
            policy=self.session.gate_policy,
        )

    def note(self, kind: str, *, once: bool = True, **facts: FactValue) -> None:
        """Record an event of this release; the same facts twice are one event."""
        self.session.releases.record(self.release, kind, facts, once=once)

    def recipients(self) -> list[tuple[str, str, Recipient]]:
        """(member, fingerprint, key) of every usable key of the project today."""
        found: list[tuple[str, str, Recipient]] = []
        for entry in self.project.usable_recipients(today()):
            pem = self.session.projects.certificate(self.order.project, entry.fingerprint)
            found.append((entry.member, entry.fingerprint, Recipient.from_pem(pem, on=today())))
        return sorted(found, key=lambda item: item[:2])

    # ------------------------------------------------------------------ what is kept of a run

    @property
    def report_folder(self) -> Path:
        """Where both editions of the report stand, with the project."""
        return report_folder(self.session, self.order.project, self.release)

    @property
    def outbox(self) -> Path:
        """Where the release's packages appear, one folder a recipient."""
        return self.session.home.outbox / self.order.project / self.release

    @property
    def history(self) -> Path:
        """Where the system's published tables are kept, which every later one is protected against."""
        return self.session.home.history / self.order.system

    def published_releases(self) -> list[str]:
        """Releases whose tables were published from this system, in order."""
        return sorted(path.stem for path in self.history.glob("*.parquet"))

    def write_report_file(self, name: str, text: str) -> None:
        """Write a file beside the reports (0600), for whoever approves them."""
        self.report_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.report_folder / name, text)

    def keep_proposals(self, proposals: Sequence[Mapping[str, object]]) -> None:
        """Keep coarser versions of what was refused, or is mostly hidden, beside the reports."""
        self.write_report_file("proposals.json", json.dumps(list(proposals), indent=1))

    def keep_validation(self, name: str, validation: Validation) -> None:
        """Keep a suite's verdict (counts and our own words) for the report."""
        folder = self.folder / "verdicts"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / f"{name}.json", json.dumps(validation.as_json(), indent=1))

    @contextmanager
    def required(self, name: str, begun: Begun) -> Generator[None]:
        """Work that goes on while a suite is judged; its verdict is kept, and required before the work is worth anything.

        Raises:
            ValidationFailed: a critical check does not hold, whatever became of the work.
        """
        broken: Exception | None = None
        try:
            yield
        except Exception as error:  # noqa: BLE001  it is raised where the verdict does not come first
            broken = error
        validation = begun.verdict()
        self.keep_validation(name, validation)
        try:
            validation.require()
        except ValidationFailed as failed:
            raise failed from None  # whatever the work said
        if broken is not None:
            raise broken

    def validations(self) -> dict[str, Validation]:
        """The verdicts so far, in the order of the walk."""
        from expectations.checks import Validation as Stored

        found: dict[str, Validation] = {}
        for name in ("intake", "links", "extract"):
            path = self.folder / "verdicts" / f"{name}.json"
            if path.is_file():
                found[name] = Stored.from_json(json.loads(path.read_text("utf-8")))
        return found

    def checkpoint_once(self) -> dict[str, object]:
        """The ledger's signed checkpoint of this release: made once, the same on every resume."""
        path = self.folder / "checkpoint.json"
        if not path.is_file():
            body = checkpoint(self.session)
            write_private(path, json.dumps(body, sort_keys=True))
        return dict(json.loads(path.read_text("utf-8")))

    def checkpoint_for_recipients(self) -> dict[str, object]:
        """The same state of the ledger, as it leaves: without the number of the Department's events."""
        path = self.folder / "checkpoint-recipients.json"
        if not path.is_file():
            made = Statement.from_json(json.dumps(self.checkpoint_once()))
            body = Statement(made.root, made.at).signed(self.signer).as_dict()
            write_private(path, json.dumps(body, sort_keys=True))
        return dict(json.loads(path.read_text("utf-8")))


def release_context(
    session: Session,
    release: str,
    connect: Connect | None = None,
    ahead: ReadAhead | None = None,
) -> ReleaseContext:
    """The context of one release in an opened home; what a run has begun to read is its own unless one is given.

    Raises:
        ReleaseUnknown: this home has no such release.
    """
    folder = run_folder(session.home, release)
    order = read_order(session.home, release)
    return ReleaseContext(session, order, folder, connect, ahead or ReadAhead())


@contextmanager
def open_context(
    home: Home, release: str, connect: Connect | None = None, ahead: ReadAhead | None = None
) -> Generator[ReleaseContext, None, None]:
    """Open a home for one release and close its connections at the end.

    Raises:
        ReleaseUnknown: this home has no such release.
    """
    with Session(home) as session:
        yield release_context(session, release, connect, ahead)
