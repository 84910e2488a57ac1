"""The texts that travel with a package: conditions, destruction, and the two README files.

The conditions' paragraphs stand in the file of the data system, where counsel can read and change
them. They say nothing that the law of that system does not say, but for what is marked as policy.
The README files (beside the sealed parts: how to open; inside: what is what) are written for a
social scientist on Windows, macOS or Linux who has never used OpenSSL.
"""

import textwrap
from collections.abc import Sequence
from importlib.resources import files

from extracts.package.facts import KIND_TITLES, ReleaseFacts, span
from extracts.package.formats import PROGRAMS, Format
from systems.description import System, load_system

# --- conditions and destruction

_WIDTH = 92


def conditions(release: ReleaseFacts) -> str:
    """Return ``CONDITIONS.txt``. It has no clock: the same release says the same."""
    system = load_system(release.system)
    blocks = [_title(release, system), _facts(release, system)]
    for number, (head, text) in enumerate(_rules(release, system), start=1):
        blocks.append(f"{number}. {head}\n{_wrapped(text, '   ')}")
    blocks.append(f"Questions, notices and requests:\n{release.sender}, {release.contact}")
    return "\n\n".join(blocks) + "\n"


def destruction(release: ReleaseFacts) -> str:
    """Return ``DESTRUCTION.txt``: what to destroy and how, and the certificate to sign.

    Its form is that of § 967(a), which other systems' laws don't have: there it is the Department's own.
    """
    system = load_system(release.system)
    own = system.sections is None  # § 967 of CARPOS's regulation
    duty = "no_duty" if release.kind == "aggregated" else "duty" if own else "duty_elsewhere"
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
        synthetic=_synthetic(release, system.record.noun),
        duty=template(duty).format(expires=release.expires_on.isoformat()),
    )


def _synthetic(release: ReleaseFacts, noun: str = "order") -> str:
    said = f"\nSYNTHETIC DATA: every person and {noun} in this package is made up.\n"
    return said if release.synthetic else ""


def _title(release: ReleaseFacts, system: System) -> str:
    lines = ["CONDITIONS OF THIS RELEASE", release.title, f"Authority: {system.governed_by}"]
    return "\n".join([*lines, _synthetic(release, system.record.noun).strip()]).rstrip()


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
        if release.kind in one.kinds and one.linked in {None, release.linked_role}
    ]


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def template(name: str) -> str:
    """Return the text of ``extracts/templates/<name>.txt``."""
    return files("extracts").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")


# --- README files

VERIFY = (
    "openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS "
    "-certfile department.pem -nointern -noverify -out /dev/null"
)
HASHES = "sha256sum -c SHA256SUMS"


def decrypt_command(part: str) -> str:
    """The command that opens one part, and leaves nothing behind where it does not open."""
    return (
        f"openssl cms -decrypt -binary -inform DER -in {part}.cms -recip my.pem -inkey my.key "
        f"-out {part} || rm -f {part}"
    )


def recipient_readme(
    release: ReleaseFacts,
    parts: Sequence[str] = ("part-001.zip",),
    *,
    member: str,
    fingerprint: str,
) -> str:
    """Return ``README.txt`` for beside the sealed parts.

    Args:
        release: the release; nothing of its data is repeated here.
        parts: names of the parts, with or without ``.cms``; the first alone where their number is
            not known yet, since parts are sealed one by one as they are made.
        member: the team member whose key opens them.
        fingerprint: SHA-256 fingerprint of that key.
    """
    parts = [part.removesuffix(".cms") for part in parts]
    return template("readme_sealed").format(
        title=release.title,
        kind=KIND_TITLES[release.kind],
        sender=release.sender,
        office=release.office,
        contact=release.contact,
        member=member,
        fingerprint=fingerprint,
        verify=VERIFY,
        hashes=HASHES,
        good="\n".join(f"    {part}.cms: OK" for part in parts),
        decrypt="\n".join(f"    {decrypt_command(part)}" for part in parts),
        unpack="\n".join(f"    unzip {part} -d opened" for part in parts),
        synthetic=_synthetic(release),
    )


def inner_readme(
    release: ReleaseFacts, formats: Sequence[Format] = (), *, rates: bool = False
) -> str:
    """Return the ``README.txt`` of the opened package; ``rates`` are there where policy allows. It has no clock."""
    more = template("readme_workbook") if release.kind == "aggregated" else ""
    more += template("readme_rates").format(threshold=release.threshold) if rates else ""
    for program in (PROGRAMS[form] for form in formats):
        file = f"data/extract.{program.extension}"
        more += f"  {file:<25}the same rows for {program.title}; "
        more += "dictionary.html says how it differs\n"
    return template("readme_inside").format(
        title=release.title,
        citation=release.citation,
        contact=release.contact,
        office=release.office,
        workbook=more,
        destruction=_destruction_line(release),
        empty=template("readme_empty") if release.kind == "deidentified" else "",
        synthetic=_synthetic(release),
    ) + _duty(release)


def _destruction_line(release: ReleaseFacts) -> str:
    return "" if release.kind == "aggregated" else template("readme_certificate")


def _duty(release: ReleaseFacts) -> str:
    """What a README says at its end of destruction; nothing where there is no duty to destroy."""
    if release.kind == "aggregated":
        return ""
    return template("readme_destroy").format(office=release.office, contact=release.contact)


def release_note(release: ReleaseFacts) -> str:
    """Return ``RELEASE.txt``: which release this is, its receipt code, what changed, how to report an error."""
    code = release.extra.get("receipt_code")
    known = template("receipt").format(code=code, contact=release.contact) if code else ""
    changes = release.changes
    if changes is None:
        changes = ("This is the first release of this kind in the project.",)
    return template("release").format(
        title=release.title,
        release=release.release_id,
        date=release.packaged_on.isoformat(),
        snapshot=release.snapshot_id,
        version=release.code_version,
        receipt=known,
        citation=_wrapped(release.dated_citation, "  ").strip(),
        changes="\n".join(
            f"  - {_wrapped(one, '    ').strip()}"
            for one in changes or ("Nothing: the same snapshot, rows, columns and codes.",)
        ),
        contact=release.contact,
        synthetic=_synthetic(release, load_system(release.system).record.noun),
    )
