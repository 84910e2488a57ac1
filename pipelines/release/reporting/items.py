"""What the report says of every release, in the words of ``items.toml``, each sentence with what proves it.

A sentence about the data names the checks that prove it, one about the project the rules of the gate: it
is said as they turned out on this data and this day, never because it is always said.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from approvals.gate import ReleaseRequest, ask_some
from approvals.project import ProjectState
from expectations.checks import Validation
from expectations.report import Item, said_of

_ITEMS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text("utf-8")
)
_PROOF = {"checks", "gate", "about"}  # what proves an item, beside its own fields


def item(name: str, **facts: object) -> Item:
    """The item of this name, filled in: what the caller has seen to be so."""
    given = {k: v for k, v in _ITEMS[name].items() if k not in _PROOF}
    return Item.model_validate({k: text.format(**facts) for k, text in given.items()})


def proven(name: str, verdict: Validation, **facts: object) -> Item:
    """The item of this name, as the checks that prove it turned out."""
    stated = item(name, **facts)
    proof = re.compile(_ITEMS[name]["checks"])
    members = [c for c in verdict.checks if proof.search(c.id)]
    if not members:  # nothing shows it
        return stated.model_copy(update={"status": "none"})
    said = said_of(members, stated.text)
    detail = said.detail if said.status in {"fail", "warn"} else stated.detail
    shown: Mapping[str, Any] = {"text": said.text, "status": said.status, "exempt": said.exempt}
    return stated.model_copy(update={**shown, "detail": detail})


def granted(
    name: str, state: ProjectState, request: ReleaseRequest, **facts: object
) -> tuple[Item, ...]:
    """The item of this name, as the rules of the gate that it rests on answer today; none where none is asked."""
    proof = _ITEMS[name]
    verdict = ask_some(state, request, proof["gate"].split())
    if verdict is None:
        return ()
    stated, about = item(name, **facts), re.compile(proof.get("about", ""))
    against = [r for r in verdict.reasons if about.search(f"{r.text} {r.cure}")]
    if not against:
        return (stated,)
    text = f"Not so: {stated.text[0].lower()}{stated.text[1:]}"
    told = "; ".join(dict.fromkeys(r.text for r in against))
    return (stated.model_copy(update={"text": text, "status": "fail", "detail": told}),)
