"""What the report says of where a release comes from: snapshot, digests, versions, ledger."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from expectations.report import Fact, RunFacts
from pipelines.release import staged

if TYPE_CHECKING:
    from expectations.checks import Validation
    from pipelines.release.context import Context

_LIBRARIES = ("duckdb", "pyarrow", "cryptography", "rapidfuzz", "great-expectations", "highspy")


def provenance(context: "Context") -> tuple[Fact, ...]:
    """Snapshot, settings, cohort and software; digests of inputs are keyed."""
    order, info = context.order, context.snapshot.info
    facts = [
        Fact(label="Register snapshot", value=order.snapshot),
        Fact(label="Snapshot loaded on", value=info.created.isoformat()),
        Fact(label="Register entries", value=info.entries, audience="department"),
        Fact(label="Register persons", value=info.persons, audience="department"),
        Fact(label="Settings, keyed digest", value=context.configuration_digest()),
    ]
    if order.cohort_digest:
        facts.append(Fact(label="Cohort file, keyed digest", value=order.cohort_digest))
    if order.formats:
        facts.append(Fact(label="More file formats", value=", ".join(order.formats)))
    return (
        *facts,
        Fact(
            label="Extract, keyed digest",
            value=staged.digest(context, "extract", "extract"),
            audience="department",
        ),
        Fact(label="Software", value=f"doj-release {version('doj-release')}"),
    )


def run(context: "Context", verdict: "Validation") -> RunFacts:
    """What differs between two runs of the same release."""
    return RunFacts(
        release_id=context.release,
        started=context.order.ordered_on.isoformat(),
        validation_seconds=verdict.seconds,
        checkpoint=_checkpoint(context.checkpoint_once()),
        versions={name: version(name) for name in _LIBRARIES},
    )


def _checkpoint(body: Mapping[str, object]) -> str:
    return f"{body['size']} events, root {body['root']}"
