"""What a stage works with: the opened home, the order, its staging folder and key, its snapshot."""

import functools
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from approvals.attempts import is_refused_attempt, record_attempt
from approvals.ledger import FactValue
from crypto.cms import KeySigner, Recipient
from crypto.identifiers import order_keys, research_ids
from crypto.resting import read_staged, staged_batches, staged_schema, write_staged
from crypto.secret import Secret, StagingKey
from errors.coded import CodedError, Exit
from pipelines.home import Home, write_private
from pipelines.keys import checkpoint
from pipelines.release.approved import Approved
from pipelines.release.records import DigestFile, Records
from pipelines.session import today
from systems.register import Snapshot

if TYPE_CHECKING:
    from expectations.checks import Validation
    from pipelines.cluster import Connect
    from pipelines.storage import ObjectStore


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


class Context(Approved):
    """A session at work on one release; ``connect`` is the way to a cluster, where a flow has one."""

    def __init__(self, home: Home, release: str, connect: "Connect | None" = None) -> None:
        super().__init__(home, release)
        self.connect = connect

    @functools.cached_property
    def records(self) -> Records:
        """Records of finished stages."""
        digest = DigestFile(self.keyring, "stage")
        return Records(self.folder, digest, self._bring if self.staging_shelf else None)

    @functools.cached_property
    def staging_shelf(self) -> "ObjectStore | None":
        """Where staged tables are kept, if not in the home alone."""
        return self.object_store("staging")

    def _bring(self, stage: str, path: Path) -> None:
        if self.staging_shelf is not None:
            self.staging_shelf.bring(f"{self.release}/{stage}", path.name, path)

    def keep_elsewhere(self, stage: str) -> None:
        """Where staging is kept in a bucket: have a finished stage's tables there; safe to repeat."""
        if self.staging_shelf is not None and (tables := self.records.tables(stage)):
            self.staging_shelf.keep(f"{self.release}/{stage}", tables)

    @functools.cached_property
    def key(self) -> StagingKey:
        """The key of this run's staging; forgotten when the run ends."""
        return self.keyring.run_key(self.release, create=True)

    @functools.cached_property
    def snapshot(self) -> Snapshot:
        """The pinned snapshot of the register."""
        return self.registers.open(self.order.snapshot)

    @functools.cached_property
    def ids(self) -> ProjectIds:
        """Ids under the project's secret."""
        return ProjectIds(self.keyring.project_secret(self.order.project, create=True))

    @property
    def threads(self) -> int | None:
        """DuckDB's worker threads."""
        return self.settings.orchestration.threads or None

    def place(self, stage: str, name: str) -> Path:
        """A file of a stage, in a folder that only we can read."""
        folder = self.folder / stage
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def stage_table(
        self,
        stage: str,
        name: str,
        table: pa.Table | Iterable[pa.RecordBatch],
        schema: pa.Schema | None = None,
    ) -> Path:
        """Write a table, or batches of a schema as they come, to staging, encrypted."""
        path = self.place(stage, f"{name}.parquet")
        write_staged(table, path, self.key, schema=schema)
        return path

    def staged(self, stage: str, name: str) -> pa.Table:
        """Read a staged table."""
        return read_staged(self.records.table(stage, name), self.key)

    def staged_parts(
        self, stage: str, name: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Read a staged table batch by batch, in its order."""
        return staged_batches(self.records.table(stage, name), self.key, columns)

    def staged_schema(self, stage: str, name: str) -> pa.Schema:
        """Schema of a staged table."""
        return staged_schema(self.records.table(stage, name), self.key)

    def has_staged(self, stage: str, name: str) -> bool:
        """Whether a stage left this table."""
        path = self.folder / stage / f"{name}.parquet"
        return path.is_file() or path in self.records.tables(stage)

    def facts(self, stage: str) -> Mapping[str, object]:
        """The facts that a finished stage recorded, empty where it has not run."""
        record = self.records.read(stage)
        return record.facts if record else {}

    def note(self, kind: str, *, once: bool = True, **facts: FactValue) -> None:
        """Record an event of this release; the same facts twice are one event."""
        self.releases.record(self.release, kind, facts, once=once)

    def note_stop(self, stage: str, error: CodedError | None) -> None:
        """Record that a stage failed or was refused; the gate and waiting have events of their own."""
        if error is not None and is_refused_attempt(error):
            by, step = self.releases.show(self.release).ordered_by, f"stage.{stage}"
            record_attempt(
                self.ledger, error, actor=by, step=step, on=today(), release=self.release
            )
        if error is not None and error.exit in {Exit.REFUSED, Exit.WAITING, Exit.HELD}:
            return
        code = error.code if error else "RUN-05"
        self.note("release_failed", once=False, code=code, stage=stage)

    def cohort_rows(self) -> int | None:
        """Rows of the ordered cohort as registered."""
        if self.order.cohort_digest is None:
            return None
        cohort = self.project.cohort(self.order.cohort_digest)
        return cohort.rows if cohort else None

    def recipients(self) -> list[tuple[str, str, Recipient]]:
        """(member, fingerprint, key) of every usable key of the project today."""
        found: list[tuple[str, str, Recipient]] = []
        for entry in self.project.usable_recipients(today()):
            pem = self.projects.certificate(self.order.project, entry.fingerprint)
            found.append((entry.member, entry.fingerprint, Recipient.from_pem(pem, on=today())))
        return sorted(found, key=lambda item: item[:2])

    @functools.cached_property
    def signer(self) -> KeySigner:
        """The Department's signer."""
        return self.keyring.signer()

    # ------------------------------------------------------------------ what is kept of a run

    @property
    def doubtful(self) -> str:
        """``wait`` or ``exclude``; a resumed run may say ``exclude`` where the order said wait."""
        later = self.folder / "doubtful.json"
        if later.is_file():
            return str(json.loads(later.read_text("utf-8"))["doubtful"])
        return self.order.doubtful

    def keep_validation(self, name: str, validation: "Validation") -> None:
        """Keep a suite's verdict (counts and our own words) for the report."""
        folder = self.folder / "verdicts"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / f"{name}.json", json.dumps(validation.as_json(), indent=1))

    def validations(self) -> dict[str, "Validation"]:
        """The verdicts so far, in the order of the walk."""
        from expectations.checks import Validation as Stored

        found: dict[str, Validation] = {}
        for name in ("intake", "links", "extract"):
            path = self.folder / "verdicts" / f"{name}.json"
            if path.is_file():
                found[name] = Stored.from_json(json.loads(path.read_text("utf-8")))
        return found

    @property
    def report_folder(self) -> Path:
        """Where both editions of the report stand, with the project."""
        return self.home.projects / self.order.project / "reports" / self.release

    def checkpoint_once(self) -> dict[str, object]:
        """The ledger's signed checkpoint of this release: made once, the same on every resume."""
        path = self.folder / "checkpoint.json"
        if not path.is_file():
            body = checkpoint(self)
            write_private(path, json.dumps(body, sort_keys=True))
        return dict(json.loads(path.read_text("utf-8")))

    @property
    def outbox(self) -> Path:
        """Where the release's packages appear, one folder a recipient."""
        return self.home.outbox / self.order.project / self.release

    def history_names(self) -> list[str]:
        """Releases whose tables were published from this system, in order."""
        return sorted(p.stem for p in (self.home.history / self.order.system).glob("*.parquet"))

    def keep_proposals(self, proposals: Sequence[Mapping[str, object]]) -> None:
        """Keep coarser versions of what was refused, or is mostly hidden, beside the reports."""
        self.report_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self.report_folder / "proposals.json", json.dumps(list(proposals), indent=1))

    def keep_history(self) -> None:
        """Keep a published table, which every later one is protected against."""
        if self.order.kind != "aggregated":
            return
        from extracts.aggregated import save_published

        directory = self.home.history / self.order.system
        if not (directory / f"{self.release}.parquet").exists():
            save_published(directory, self.release, self.staged("extract", "extract"))


@contextmanager
def open_context(
    home: Home, release: str, connect: "Connect | None" = None
) -> Generator[Context, None, None]:
    """Open the context of one release and close its connections at the end."""
    context = Context(home, release, connect)
    try:
        yield context
    finally:
        context.close()
