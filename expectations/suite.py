"""A suite's checks: the fixed ones from ``suites/*.json``, the rest generated from the TOML.

The files are suites of Great Expectations (they read as ``ExpectationSuite``); what a rule is stands
in ``meta``: ``row`` or ``violations`` in SQL, with ``<<facts>>`` of the suite's context as the only
things filled in.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations import context as contexts
from expectations import kinds
from expectations.checks import Check
from expectations.drift import drift_checks
from expectations.errors import ContextWrong, SuiteFileBroken, SuiteUnknown
from systems.database import quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb

_FILES = Path(__file__).parent / "suites"
_SLOT = re.compile(r"<<([a-z_]+)>>")
_Generator = Callable[[kinds.Facts, Any], Iterator[Check]]

_MODELS: dict[str, tuple[type[contexts.Context], _Generator]] = {
    "register": (contexts.RegisterContext, kinds.register_checks),
    "intake": (contexts.IntakeContext, kinds.intake_checks),
    "links": (contexts.LinksContext, kinds.links_checks),
    "identified": (contexts.IdentifiedContext, kinds.identified_checks),
    "deidentified": (contexts.DeidentifiedContext, kinds.deidentified_checks),
    "aggregated": (contexts.AggregatedContext, kinds.aggregated_checks),
}
SUITES = tuple(_MODELS)


def checks_for(
    suite: str,
    system: System,
    con: "duckdb.DuckDBPyConnection",
    relation: str,
    context: Mapping[str, Any],
) -> tuple[Check, ...]:
    """Return all checks of a suite for this relation, fixed ones first.

    Raises:
        SuiteUnknown: No such suite.
        ContextWrong: The context is missing a fact, or has one too many.
        SuiteFileBroken: The suite's file can't be used, or two checks share a name.
    """
    if suite not in _MODELS:
        raise SuiteUnknown(known=list(SUITES))
    model, generate = _MODELS[suite]
    parameters = contexts.read_context(model, context)
    facts = kinds.Facts.of(suite, system, con, relation)
    checks = (*_fixed(facts, parameters), *generate(facts, parameters))
    if isinstance(parameters, contexts.DriftContext):
        checks += tuple(drift_checks(suite, parameters.drift, parameters.drift_severity))
    checks = tuple(governed(check, system) for check in checks)
    if len({c.id for c in checks}) != len(checks):
        raise SuiteFileBroken(suite=suite)
    return checks


def governed(check: Check, system: System) -> Check:
    """Return a check with the section that governs this system; what no law asks here is policy."""
    section = system.cite(check.section) if check.section else ""
    policy = not section or section.startswith("policy")
    return replace(check, section=section, basis="policy" if policy else check.basis)


def _fixed(facts: kinds.Facts, context: contexts.Context) -> list[Check]:
    try:
        stored = json.loads((_FILES / f"{facts.suite}.json").read_text("utf-8"))
        return [
            _check(one["meta"], one["severity"], facts, context)
            for one in stored["expectations"]
            if _applies(one["meta"], facts, context)
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise SuiteFileBroken(suite=facts.suite) from None


def _applies(meta: Mapping[str, Any], facts: kinds.Facts, context: contexts.Context) -> bool:
    unless = meta.get("unless")
    tables = set(meta.get("tables", ()))
    return tables <= facts.system.tables_by_name.keys() and not (
        unless and getattr(context, unless)
    )


def _check(
    meta: Mapping[str, Any], severity: Any, facts: kinds.Facts, context: contexts.Context
) -> Check:
    filled: dict[str, Any] = {
        key: _fill(meta[key], facts, context, name=quoted if key != "title" else str)
        for key in ("row", "violations", "elements", "over", "title")
        if key in meta
    }
    return Check(
        meta["id"], filled.pop("title"), meta["section"], meta["basis"], severity, **filled
    )


def _fill(
    sql: str, facts: kinds.Facts, context: contexts.Context, name: Callable[[str], str]
) -> str:
    """Fill the slots: names as ``name`` writes them, numbers and dates written out, all else refused."""

    def slot(found: re.Match[str]) -> str:
        fact = found.group(1)
        if fact == "relation":
            return name(facts.relation)
        if fact == "below":
            return str(getattr(context, "threshold") - 1)  # noqa: B009  only one context has it
        value = getattr(context, fact, None)
        if isinstance(value, str):
            return name(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, date):
            return value.isoformat()
        raise ContextWrong(facts=[fact])

    return _SLOT.sub(slot, sql)
