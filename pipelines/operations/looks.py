"""Where the doubtful pairs of a release stand by the ledger alone: which wait for a second look, which for a third person.

Pairs are known by keyed digests; what was said of them is not repeated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from approvals.ledger import Entry

LOOKED_AT = ("review_requested", "pair_decided", "row_decided", "decision_undone")


def looks_of(entries: Sequence[Entry]) -> tuple[int, dict[str, tuple[str, frozenset[str]]]]:
    """How many pairs nobody has looked at, and the others; see `looks_at`.

    Args:
        entries: events of `LOOKED_AT` of one release, in order.
    """
    asked = [int(str(e.facts["pairs"])) for e in entries if e.kind == "review_requested"]
    decided = [e for e in entries if e.kind != "review_requested"]
    rows = {e.facts["pair"] for e in decided if e.kind == "row_decided"}
    found = looks_at(decided)
    return (asked[-1] if asked else 0) - sum(1 for pair in found if pair not in rows), found


def looks_at(entries: Sequence[Entry]) -> dict[str, tuple[str, frozenset[str]]]:
    """By the digest of each pair that stands decided: ``second``, ``adjudicate`` or nothing more, and who has looked at it.

    Args:
        entries: pair_decided, row_decided and decision_undone of one release, in order.
    """
    said: dict[str, dict[tuple[str, bool], Mapping[str, Any]]] = {}
    for entry in entries:
        facts: Mapping[str, Any] = entry.facts
        words = said.setdefault(facts["pair"], {})
        by = entry.actor, facts.get("look") == "adjudication"
        if entry.kind == "decision_undone":
            last = (entry.actor, True) if (entry.actor, True) in words else (entry.actor, False)
            words.pop(last, None)
        else:
            words[by] = facts
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for pair, words in said.items():
        given = [word["decision"] for word in words.values()]
        second = any(word.get("second") for word in words.values())
        task = "second" if len(given) == 1 and second else ""
        task = "adjudicate" if len(given) == 2 and given[0] != given[1] else task
        if given:
            found[pair] = task, frozenset(person for person, _ in words)
    return found
