"""The two README files: beside the sealed parts (how to open), and inside (what is what).

Both are written for a social scientist on Windows, macOS or Linux who has never used OpenSSL.
"""

from collections.abc import Sequence

from extracts.package.facts import KIND_TITLES, ReleaseFacts
from extracts.package.statistical import PROGRAMS, Format
from extracts.templates import template

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
    commands = "\n".join(f"    {decrypt_command(part)}" for part in parts)
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
        decrypt=commands,
        unpack="\n".join(f"    unzip {part} -d opened" for part in parts),
        synthetic=_SYNTHETIC if release.synthetic else "",
    )


def inside(release: ReleaseFacts, formats: Sequence[Format] = ()) -> str:
    """Return the ``README.txt`` of the opened package. It has no clock."""
    workbook = _WORKBOOK if release.kind == "aggregated" else ""
    more = "".join(
        f"  {f'data/extract.{PROGRAMS[f].extension}':<25}the same rows for {PROGRAMS[f].title}; "
        "dictionary.html says how it differs\n"
        for f in formats
    )
    return template("readme_inside").format(
        title=release.title,
        citation=release.citation,
        contact=release.contact,
        office=release.office,
        workbook=workbook + more,
        synthetic=_SYNTHETIC if release.synthetic else "",
    )


_SYNTHETIC = "\nSYNTHETIC DATA: every person and order in this package is made up.\n"

_WORKBOOK = """\
  data/extract.xlsx        where present: the table as one prints it, with title and legend
"""
