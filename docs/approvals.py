"""The parts of ``docs/approvals.md`` that are drawn from the tables of approvals."""

from approvals.clocks import CLOCKS
from approvals.gate import RULES
from approvals.ledger import DIGEST, KINDS
from approvals.letters import catalogue
from approvals.project import CONDITIONS, FOLLOWS, MOVES, is_move, words_of


def lifecycle() -> str:
    """The diagram, and each move with who may make it, on what evidence, and what it starts."""
    lines = ["```mermaid", diagram().rstrip(), "```", ""]
    lines += [
        "| move | from | to | who | not by whoever did | evidence | starts | section |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for move in MOVES:
        name = (move.event or "by the calendar") + (f" ({move.outcome})" if move.outcome else "")
        only = f", only {move.only.replace('_', ' ')}" if move.only else ""
        lines.append(
            f"| {name}{only} | {', '.join(sorted(move.sources)) or 'nothing'} | {move.target} | "
            f"{', '.join(sorted(move.roles)) or '-'} | {move.second or '-'} | "
            f"{evidence(move.event)} | {', '.join(move.clocks) or '-'} | {move.section} |"
        )
    return "\n".join(lines)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for move in MOVES:
        label = (move.event or "by the calendar").replace("_", " ")
        label += f": {move.outcome}" if move.outcome else ""
        lines += [f"    {source} --> {move.target}: {label}" for source in sorted(move.sources)]
        if not move.sources:
            lines.append(f"    [*] --> {move.target}: {label}")
    return "\n".join([*lines, "    closed --> [*]", ""])


def evidence(event: str | None) -> str:
    """What an event carries as documents, and what must stand before it."""
    if event is None:
        return "-"
    spec = KINDS[event]
    documents = [name for name, fact in spec.must.items() if fact is DIGEST]
    return "; ".join([*documents, *words_of(event)]) or "-"


def needs() -> str:
    """What every other event of a project needs before it."""
    lines = ["| event | needs | section |", "|---|---|---|"]
    for kind in sorted({*FOLLOWS, *CONDITIONS}):
        if is_move(kind):
            continue
        sections = [FOLLOWS[kind].section] if kind in FOLLOWS else []
        sections += [section for section, _ in CONDITIONS.get(kind, ())]
        said = "; ".join(dict.fromkeys(sections))
        lines.append(f"| {kind} | {'; '.join(words_of(kind))} | {said} |")
    return "\n".join(lines)


def gate() -> str:
    """Each rule of the gate, in the order in which they are asked."""
    lines = [
        "| check | what it asks | kinds | application | asked where the system asks for | rules |",
        "|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        first = (rule.check.__doc__ or "").strip().splitlines()[0]
        name = getattr(rule.check, "__name__", "").removeprefix("check_").replace("_", " ")
        form = "§ 966" if rule.standard else "both"
        kinds = ", ".join(sorted(rule.kinds)) if rule.kinds else "all"
        papers = ", ".join(rule.documents) or "-"
        lines.append(
            f"| {name} | {first} | {kinds} | {form} | {papers} | {', '.join(rule.rules)} |"
        )
    return "\n".join(lines)


def clocks() -> str:
    """Each clock: what starts it, how long it runs, what answers it."""
    lines = [
        "| clock | starts with | runs | for | answered by | section |",
        "|---|---|---|---|---|---|",
    ]
    for clock in CLOCKS:
        unit = "business days" if clock.business else "calendar days"
        runs = f"{clock.days} {unit}" if clock.days else "at once, or to the day that it names"
        runs += " (a wait)" if clock.business == "waiting" else ""
        runs += ", moved off a closed day" if clock.moves else ""
        lines.append(
            f"| {clock.what} | {clock.starts} | {runs} | {clock.for_whom} | "
            f"{', '.join(clock.stops) or '-'} | {clock.section} ({clock.rule}) |"
        )
    return "\n".join(lines)


def events() -> str:
    """Each kind of event with its facts; optional ones in brackets."""
    lines = ["| event | about | facts |", "|---|---|---|"]
    for kind, spec in KINDS.items():
        facts = [f"{name}: {fact.name}" for name, fact in spec.must.items()]
        facts += [f"[{name}: {fact.name}]" for name, fact in spec.may.items()]
        lines.append(f"| {kind} | {spec.about} | {'; '.join(facts) or '-'} |")
    return "\n".join(lines)


def letters() -> str:
    """Each letter: the event that it goes with, and what it is about."""
    lines = ["| letter | heading | written with | to |", "|---|---|---|---|"]
    lines += [
        f"| `{row.name}` | {row.heading} | {row.written_with} | {row.to} |" for row in catalogue()
    ]
    return "\n".join(lines)


PARTS = {
    "letters": letters,
    "lifecycle": lifecycle,
    "needs": needs,
    "gate": gate,
    "clocks": clocks,
    "events": events,
}


def approvals_markdown(page: str) -> str:
    """Write the parts between their marks (``<!-- gate -->`` to ``<!-- /gate -->``) again."""
    for name, make in PARTS.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        head, _, rest = page.partition(start)
        _, _, tail = rest.partition(end)
        page = f"{head}{start}\n\n{make()}\n\n{end}{tail}"
    return page
