"""The conditions that travel with every package, with this project's own numbers and dates.

The paragraphs stand in the file of the data system, where counsel can read and change them. They say
nothing that the law of that system does not say, but for what is marked as policy.
"""

import textwrap

from extracts.package.facts import KIND_TITLES, ReleaseFacts, span
from extracts.templates import template
from systems.description import System, load_system

_WIDTH = 92


def conditions(release: ReleaseFacts) -> str:
    """Return ``CONDITIONS.txt``. It has no clock: the same release says the same."""
    system = load_system(release.system)
    blocks = [_title(release, system), _facts(release, system)]
    blocks += [_rule(number, *rule) for number, rule in enumerate(_rules(release, system), start=1)]
    blocks.append(_contact(release))
    return "\n\n".join(blocks) + "\n"


def destruction(release: ReleaseFacts) -> str:
    """Return ``DESTRUCTION.txt``: what to destroy and how, and the certificate to sign.

    Its form is that of § 967(a), which other systems' laws don't have: there it is the Department's own.
    """
    system = load_system(release.system)
    own = system.sections is None  # § 967 of CARPOS's regulation
    duty = (_DUTY if own else _DUTY_ELSEWHERE) if release.kind != "aggregated" else _NO_DUTY
    return template("destruction").format(
        rule=" (§ 967)" if own else "",
        numbers=" Numbers are those of § 967(a)." if own else "",
        whose="regulation" if own else "Department",
        title=release.title,
        project=release.project_number,
        project_title=release.project_title,
        system=release.system,
        system_name=release.system_name,
        kind=KIND_TITLES[release.kind],
        snapshot=release.snapshot_id,
        sender=release.sender,
        contact=release.contact,
        keys="\n".join(
            f"      [ ] {member}: key {print_}" for member, print_ in release.recipients
        ),
        synthetic=_SYNTHETIC.format(noun=system.record.noun) if release.synthetic else "",
        duty=duty.format(expires=release.expires_on.isoformat()),
    )


_SYNTHETIC = "\nSYNTHETIC DATA: every person and {noun} in this package is made up.\n"
_DUTY = """\
WHEN: within 30 days after the project is complete, with the letter of completion (§ 964(l)); or when
the approval ends on {expires} without a renewal. Or ask, with the same letter, to keep the data one
more year for verification (§ 967), up to seven times.
"""
_DUTY_ELSEWHERE = """\
WHEN: when the project is closed, or when the approval ends on {expires} without a renewal (process
page of the Department).
"""
_NO_DUTY = """\
Aggregated data carries no duty to destroy it. Where you destroy it all the same, this is how.
"""


def _title(release: ReleaseFacts, system: System) -> str:
    lines = ["CONDITIONS OF THIS RELEASE", release.title, f"Authority: {system.governed_by}"]
    if release.synthetic:
        noun = system.record.noun
        lines.append(f"SYNTHETIC DATA: every person and {noun} in this package is made up.")
    return "\n".join(lines)


def _facts(release: ReleaseFacts, system: System) -> str:
    rows = [
        ("Project", f"{release.project_number}, {release.project_title}"),
        ("Data system", f"{release.system_name} ({release.system})"),
        ("Kind of data", KIND_TITLES[release.kind]),
        ("Approved on", release.approved_on.isoformat()),
        ("Expires on", release.expires_on.isoformat()),
    ]
    if release.years:
        rows.append(("Years of data", span(release.years)))
    if release.order_scope:
        rows.append((system.record.scope, ", ".join(release.order_scope)))
    rows.append(("Register snapshot", release.snapshot_id))
    if release.individuals is not None:
        rows.append(("Individuals in it", f"{release.individuals:,}"))
    for index, (member, fingerprint) in enumerate(release.recipients):
        rows.append(("Recipients" if index == 0 else "", f"{member} (key {fingerprint[:16]})"))
    body = [f"{label + ':' if label else '':<20}{text}" for label, text in rows]
    return "\n".join([*body, "", _wrapped("Cite as: " + release.citation)])


def _rules(release: ReleaseFacts, system: System) -> list[tuple[str, str]]:
    """Heads and texts of the kind, from the system's file."""
    known = {
        "expires": release.expires_on.isoformat(),
        "office": release.office,
        "threshold": release.threshold,
        "system": release.system,
        "system_name": release.system_name,
        "snapshot_id": release.snapshot_id,
        "years": f" for {span(release.years)}" if release.years else "",
    }
    return [
        (one.head.format(**known), " ".join(one.text.format(**known).split()))
        for one in system.conditions
        if release.kind in one.kinds
    ]


def _contact(release: ReleaseFacts) -> str:
    who = f"{release.sender}, {release.contact}"
    return f"Questions, notices and requests:\n{who}"


def _rule(number: int, head: str, text: str) -> str:
    return f"{number}. {head}\n{_wrapped(text, '   ')}"


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
