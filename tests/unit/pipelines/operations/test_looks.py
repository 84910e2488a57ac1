"""What of a release's review waits for whom, by the ledger's decisions alone."""

from types import SimpleNamespace

import pytest

from pipelines.operations.looks import looks_at


def entry(actor, pair, decision, look="first", *, second=False, kind="pair_decided"):
    facts = {"pair": pair, "number": 1}
    facts |= {"decision": decision, "look": look, "second": second} if decision else {}
    return SimpleNamespace(kind=kind, actor=actor, facts=facts)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([entry("a", "p", "link")], {"p": ("", {"a"})}),
        ([entry("a", "p", "link", second=True)], {"p": ("second", {"a"})}),
        ([entry("a", "p", "link", second=True), entry("b", "p", "link", "second")], {"p": ("", {"a", "b"})}),
        ([entry("a", "p", "link"), entry("b", "p", "non_link", "second")], {"p": ("adjudicate", {"a", "b"})}),
        ([entry("a", "p", "link"), entry("b", "p", "non_link", "second"), entry("c", "p", "link", "adjudication")],
         {"p": ("", {"a", "b", "c"})}),
        ([entry("a", "p", "link"), entry("a", "p", "non_link")], {"p": ("", {"a"})}),
        ([entry("a", "p", "link"), entry("a", "p", "", kind="decision_undone")], {}),
        ([SimpleNamespace(kind="pair_decided", actor="a", facts={"pair": "p", "decision": "link"})], {"p": ("", {"a"})}),
    ],
)  # fmt: skip
def test_where_a_pair_stands(entries, found):
    assert {pair: (task, set(who)) for pair, (task, who) in looks_at(entries).items()} == found
