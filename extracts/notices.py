"""The conditions that travel with every package, with this project's own numbers and dates.

The text follows 11 CCR §§ 962-968 paragraph by paragraph. It says nothing that the regulation does
not say, but for the sentences marked as policy of the Department.
"""

import textwrap

from extracts.facts import KIND_TITLES, ReleaseFacts, span
from extracts.templates import template

_WIDTH = 92
_KEPT_SECTIONS = "11 CCR §§ 962-968, Pen. Code § 14231.5"


def conditions(release: ReleaseFacts) -> str:
    """Return ``CONDITIONS.txt``. It has no clock: the same release says the same."""
    blocks = [_title(release), _facts(release)]
    blocks += [_rule(number, *rule) for number, rule in enumerate(_rules(release), start=1)]
    blocks.append(_contact(release))
    return "\n\n".join(blocks) + "\n"


def destruction(release: ReleaseFacts) -> str:
    """Return ``DESTRUCTION.txt``: what to destroy and how, and the certificate to sign (§ 967(a)(4))."""
    return template("destruction").format(
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
        synthetic=_SYNTHETIC if release.synthetic else "",
        duty=(_NO_DUTY if release.kind == "aggregated" else _DUTY).format(
            expires=release.expires_on.isoformat()
        ),
    )


_SYNTHETIC = "\nSYNTHETIC DATA: every person and order in this package is made up.\n"
_DUTY = """\
WHEN: within 30 days after the project is complete, with the letter of completion (§ 964(l)); or when
the approval ends on {expires} without a renewal. Or ask, with the same letter, to keep the data one
more year for verification (§ 967), up to seven times.
"""
_NO_DUTY = """\
Aggregated data carries no duty to destroy it. Where you destroy it all the same, this is how.
"""


def _title(release: ReleaseFacts) -> str:
    lines = ["CONDITIONS OF THIS RELEASE", f"{release.title}", f"Authority: {_KEPT_SECTIONS}"]
    if release.synthetic:
        lines.append("SYNTHETIC DATA: every person and order in this package is made up.")
    return "\n".join(lines)


def _facts(release: ReleaseFacts) -> str:
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
        rows.append(("Order families", ", ".join(release.order_scope)))
    rows.append(("Register snapshot", release.snapshot_id))
    if release.individuals is not None:
        rows.append(("Individuals in it", f"{release.individuals:,}"))
    for index, (member, fingerprint) in enumerate(release.recipients):
        rows.append(("Recipients" if index == 0 else "", f"{member} (key {fingerprint[:16]})"))
    body = [f"{label + ':' if label else '':<20}{text}" for label, text in rows]
    return "\n".join([*body, "", _wrapped("Cite as: " + release.citation)])


def _rules(release: ReleaseFacts) -> list[tuple[str, str]]:
    """Heads and texts of the kind, from files that counsel can read and change."""
    names = {
        "identified": ("conditions_identified", "conditions_rows"),
        "deidentified": ("conditions_rows",),
        "aggregated": ("conditions_aggregated",),
    }[release.kind]
    text = "\n\n".join(template(name).strip() for name in names).format(
        expires=release.expires_on.isoformat(),
        office=release.office,
        threshold=release.threshold,
        system=release.system,
        system_name=release.system_name,
        snapshot_id=release.snapshot_id,
        years=f" for {span(release.years)}" if release.years else "",
    )
    blocks = [block.partition("\n") for block in text.removeprefix("## ").split("\n\n## ")]
    return [(head, " ".join(body.split())) for head, _, body in blocks]


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
