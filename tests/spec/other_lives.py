"""Other projects than the year's: one as large as they come, four that ask for what they may not have, and two of other systems.

python -m tests.spec.other_lives        # writes docs/other-lives.md again
"""

import tempfile
from datetime import date
from pathlib import Path

from approvals.application.example import example_for
from approvals.application.reading import example_application
from tests.spec.a_house import certificate_of, house
from tests.spec.story import Story, telling

PAGE = Path(__file__).parents[2] / "docs" / "other-lives.md"
TITLE = "Other projects, in short"
OPENING = """\
What [a year](a-year.md) does not show, run in the same way: a study of everybody who bought a firearm, five requests that are
refused and what those who made them may have instead, and a year of CURES and of RIPA. `tests/spec/test_other_lives.py` runs it again
and compares it with this page; `python -m tests.spec.other_lives` writes it."""

STATE = "project_number|state|expires"
_RECIPIENTS = {"standard": ("lead", "analyst"), "aggregated": ("desk", "data-desk")}


def _papers(story: Story) -> None:
    """Applications as each of them would write it, and the registers of two more systems; not part of the page."""
    from synthetic.registers.system import make_system

    for code in ("CURES", "RIPA"):
        make_system(code, story.folder / code, records=400, seed=11, first_year=2019)
        files = " ".join(str(p) for p in sorted((story.folder / code).glob("*.parquet")))
        story.does("erin", f"register load {code} {files}", shown=False)
    for member in ("coinvestigator", *_RECIPIENTS["aggregated"]):
        (story.folder / f"{member}.pem").write_bytes(certificate_of(member))
    text = example_application("standard", on=date(2026, 1, 12))
    large = _with(
        text,
        ('order_scope = ["GV"]', 'order_scope = ["GV", "DV", "CH"]'),
        ("uc_firearm_violence_center = false", "uc_firearm_violence_center = true"),
        ("max_rows = 80000", "max_rows = 28800000"),
        ('title = "Firearm injury after gun violence restraining orders"', 'title = "Firearm ownership, orders and death in California"'),
    )  # fmt: skip
    member = text[text.index('[[team]]\nid = "analyst"') : text.index("# --- institutional review")]
    more = _with(
        large,
        ('request = "new"     ', 'request = "modified"'),
        ('# modifies = "2026-001"', 'modifies = "2026-001"'),
        ("date_of_request = 2026-01-12", "date_of_request = 2026-09-14"),
        (member, member + member.replace('"analyst"', '"coinvestigator"').replace("Alex", "Noor").replace("alex@", "noor@")),
    )  # fmt: skip
    sheriff = example_application("aggregated", on=date(2026, 1, 12))
    applications = {
        "longshot": large,
        "longshot-coinvestigator": more,
        "sheriff": _with(sheriff, ('kind = "entity" ', 'kind = "public_agency" ')),
        "sheriff-rows": _with(text, ('kind = "nonprofit_research_institution"', 'kind = "public_agency"')),
        "journalist": _with(text, ('kind = "nonprofit_research_institution"', 'kind = "entity"')),
        "foreign": _with(text, ('accredited_by = "us_department_of_education"', 'accredited_by = "none"'), ("tax_exempt = true", "tax_exempt = false")),
        "vendor": _with(text, ('employment = "employee"  ', 'employment = "consultant"')),
        "cures": example_for("CURES", "standard", on=date(2026, 1, 12), kind="deidentified"),
        "ripa": example_for("RIPA", "standard", on=date(2026, 1, 12), kind="deidentified"),
    }  # fmt: skip
    for name, content in applications.items():
        (story.folder / f"{name}.toml").write_text(content)


def _with(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


# --- a study as large as they come


def longshot(story: Story) -> None:
    number = "2026-001"
    story.on("2026-01-12", "a study of everybody who bought a firearm")
    story.tell(
        "Researchers of the University of California's center, 28.8 million rows of dealers' records, identified data, again each year. The"
        " cohort that this page runs with has 40 rows; what it may have stands in the application."
    )
    story.does("erin", "project submit longshot.toml", only=STATE)
    _approved(story, number)
    _checked(story, number, ("lead", "analyst"))
    _keys(story, number, ("lead", "analyst"))
    story.on("2026-02-02", "the cohort, and the first data")
    _cohort(story, number)
    _released(story, number, "identified")
    story.on("2026-06-01", "a draft")
    story.does("erin", f"project event {number} draft_received --file draft=draft.pdf", only=STATE)
    events = story.does("erin", f"project history {number} --json", shown=False).json
    [digest] = [e["facts"]["draft"] for e in events if e["kind"] == "draft_received"]
    story.does("rory", f"project event {number} draft_reviewed draft={digest} finding=none", shown=False)  # fmt: skip
    story.tell(
        "Nothing in it identifies anybody; it may be published ten business days after it came."
    )
    story.on("2026-09-14", "a co-investigator at another campus asks for the data")
    added = f"recipient add {number} coinvestigator.pem --member coinvestigator"
    story.does("erin", added, code=3)
    story.tell("Nobody gets a key who is not on the team. A transfer is answered within ten business days, and the application is amended.")  # fmt: skip
    story.does("erin", f"project event {number} transfer_requested request=t1", shown=False)
    story.does("erin", "deadlines --within 30", only="transfer|due")
    story.does("avery", f"project event {number} transfer_answered request=t1 outcome=approved --file authority=order.pdf", only=STATE)  # fmt: skip
    story.does("erin", "project submit longshot-coinvestigator.toml", only=STATE)
    story.does("avery", f"project approve {number}", only=STATE)
    story.does("erin", f"project compare {number}")
    _checked(story, number, ("coinvestigator",))
    _keys(story, number, ("coinvestigator",))
    story.on("2027-01-04", "renewed, and refreshed with the year that has ended")
    story.does("erin", f"project event {number} renewal_requested changes=personnel --file letter=request.pdf", shown=False)  # fmt: skip
    story.does("avery", f"project event {number} project_renewed", only=STATE)
    story.does("erin", f"project check {number} --kind identified")
    _released(story, number, "identified", to="coinvestigator")


# --- requests that can't be granted


def refused(story: Story) -> None:
    story.on("2027-01-11", "a county sheriff asks for rows, and gets tables")
    story.tell(
        "A public agency is an Entity (§ 962(i)): aggregated data only, until counsel says otherwise."
    )
    story.does("erin", "project submit sheriff-rows.toml", code=6)
    number = "2027-001"
    story.does("erin", "project submit sheriff.toml", only=STATE)
    _approved(story, number, rows=False)
    _keys(story, number, _RECIPIENTS["aggregated"])
    _released(story, number, "aggregated", to="desk")
    story.on("2027-01-12", "a journalist, a foreign university, a vendor")
    for name, why in (
        ("journalist", "Who is neither a researcher nor at an institution may have tables (§ 963(b)); the form is another one."),
        ("foreign", "A university without accreditation by the U.S. Department of Education or CHEA is none of § 962(k)."),
        ("vendor", "A consultant is not affiliated (§ 962(a)), whoever hires them."),
    ):  # fmt: skip
        story.tell(why)
        story.does("erin", f"project submit {name}.toml", code=6)


# --- a year of other systems


def other_systems(story: Story) -> None:
    for place, code in enumerate(("cures", "ripa"), start=2):
        number, year = f"2027-{place:03}", "2027-02-01"
        story.on(year, f"a year of {code.upper()}")
        story.tell(
            "De-identified rows. The papers, the conditions and the letters are those of this system's own law; who asks is known to"
            " the Department through a notary."
        )
        story.does("erin", f"project submit {code}.toml", only=STATE)
        _approved(story, number)
        story.does("erin", f"project check {number} --kind deidentified", code=3)
        story.does("erin", f"project event {number} identity_verified member=lead reference=n-2201", only=STATE)  # fmt: skip
        _checked(story, number, ("lead", "analyst"), needed=False)
        _keys(story, number, ("lead", "analyst"))
        story.does("erin", f"project check {number} --kind deidentified")
        _released(story, number, "deidentified", more=" --suppress-locally")
    story.on("2027-11-08", "90 days before these approvals end")
    story.does("erin", "remind")
    for number in ("2027-002", "2027-003"):
        letter = next((story.home / "projects" / number / "letters").glob("renewal_notice*.txt"))
        story.lines += ["```text", *letter.read_text("utf-8").rstrip().splitlines(), "```", ""]


# --- steps that are the same for all


def _approved(story: Story, number: str, *, rows: bool = True) -> None:
    """What only a person can judge is judged of those who ask for rows; tables take an approver alone."""
    if rows:
        story.does("erin", f"project event {number} review_started", shown=False)
        judged = f"project event {number} review_completed holds=C-03,C-04,C-08,C-15,C-48"
        story.does("rory", judged, shown=False)
    story.does("avery", f"project approve {number}", shown=False)


def _checked(story: Story, number: str, members: tuple[str, ...], *, needed: bool = True) -> None:
    for member in members if needed else ():
        story.does("erin", f"project event {number} background_check member={member} outcome=passed reference=bc-{member}", shown=False)  # fmt: skip
    others = ",".join(m for m in members if m != "lead")
    if needed and others:
        story.does("erin", f"project event {number} checks_verified members={others} --file letter=letter.pdf", shown=False)  # fmt: skip


def _keys(story: Story, number: str, members: tuple[str, ...]) -> None:
    for member in members:
        added = story.does("erin", f"recipient add {number} {member}.pem --member {member} --json", shown=False).json  # fmt: skip
        story.does("avery", f"recipient confirm {added['fingerprint']}", shown=False)


def _cohort(story: Story, number: str) -> None:
    story.does("erin", f"cohort add {number} cohort.csv", only="rows|state|confirmed")
    story.does("avery", f"cohort confirm {number}", shown=False)


def _released(story: Story, number: str, kind: str, *, to: str = "lead", more: str = "") -> None:
    cohort = " --cohort cohort.csv --doubtful exclude" if kind == "identified" else ""
    run = f"run {number} --kind {kind}{cohort}{more} --no-orchestrator"
    release = story.does("erin", f"{run} --json", code=7, shown=False).json["release"]
    story.does("avery", f"release approve {release}", shown=False)
    story.does("erin", f"run {number} --resume {release} --no-orchestrator --json", shown=False)
    story.does("erin", f"release handover {release} --to {to}", shown=False)
    story.does("erin", f"release receipt {release} --to {to}", shown=False)
    story.does("erin", f"release list --project {number}")


CHAPTERS = (longshot, refused, other_systems)


def whole_page(folder: Path) -> str:
    """Run the stories and give their page."""
    with telling(folder) as story:
        house(story)
        _papers(story)
        for chapter in CHAPTERS:
            chapter(story)
        return story.page(TITLE, OPENING)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(whole_page(Path(name).resolve()), "utf-8")
