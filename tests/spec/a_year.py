"""A project from its application to the destruction of its data, told by the commands themselves.

python -m tests.spec.a_year        # writes docs/a-year.md again
"""

import tempfile
from pathlib import Path

from tests.spec.a_denial import denial, denial_appeal
from tests.spec.a_house import house
from tests.spec.story import Story, telling

PAGE = Path(__file__).parents[2] / "docs" / "a-year.md"
TITLE = "A project from its application to its end"
OPENING = """\
Everything on this page was run: the commands are real, the output is theirs, the clock is made up.
`erin` is an engineer, `rory` a reviewer, `avery` and `chen` are approvers, `sid` is the security officer;
each is a user of the operating system, and nobody takes two steps that need two people. Digests, fingerprints and
seconds are shortened. `tests/spec/test_a_year.py` runs the story again and compares it with this page;
`python -m tests.spec.a_year` writes it."""

NO = "2026-001"


def application(story: Story) -> None:
    story.on("2026-01-12", "an application comes in")
    story.tell(
        "The first one has four errors. All of them are named at once, each by its field and section."
    )
    story.does("erin", "project submit wrong.toml", code=6)
    story.tell("The corrected one is taken. It has a number and no rights yet.")
    story.does("erin", "project submit application.toml", only="project_number|state|expires")


def approval(story: Story) -> None:
    story.on("2026-01-14", "it is reviewed")
    story.tell("What only a person can judge is judged by a reviewer, criterion by criterion.")
    story.does("erin", f"project event {NO} review_started", shown=False)
    story.does(
        "rory",
        f"project event {NO} review_completed holds=C-03,C-04,C-08,C-15,C-48",
        only="project_number|state|expires",
    )
    story.on("2026-01-20", "it is approved, for one year")
    story.does("erin", f"project approve {NO}", code=3)
    story.tell("Not by an engineer. An approver who did not submit it does.")
    story.does("avery", f"project approve {NO}", only="project_number|state|expires")
    story.tell(
        "With the approval its letter is laid ready, as text, page and Word file, for a person to sign and send."
        " The fingerprint in it is what every package is checked against."
    )
    story.letter(NO, "approval")


def checks(story: Story) -> None:
    story.on("2026-01-22", "background checks: the Department's word, not the application's")
    story.tell(
        "The application says that both passed. That is what the researcher knows; the gate goes by what the"
        " Department found, and by the researcher's letter that the team passed, which comes after it."
    )
    story.does("erin", f"project check {NO} --kind identified", code=3)
    for member, reference in (("lead", "bc-3107"), ("analyst", "bc-3108")):
        story.does(
            "erin",
            f"project event {NO} background_check member={member} outcome=passed reference={reference}",
            shown=member == "lead",
            only="project_number|state|expires",
        )
    story.does(
        "erin",
        f"project event {NO} checks_verified members=analyst --file letter=letter.pdf",
        only="project_number|state|expires",
    )


def parties(story: Story) -> None:
    story.on("2026-01-26", "keys and the cohort, each confirmed by a second person")
    for member in ("lead", "analyst"):
        added = story.does(
            "erin", f"recipient add {NO} {member}.pem --member {member} --json", shown=False
        ).json
        story.does("avery", f"recipient confirm {added['fingerprint']}", shown=False)
    story.does("erin", f"cohort add {NO} cohort.csv")
    story.tell(
        "Until the second person has confirmed it, the gate says no, and what would cure it."
    )
    story.does("erin", f"project check {NO} --kind identified", code=3)
    story.does("avery", f"cohort confirm {NO}", shown=False)
    story.does("erin", f"project check {NO} --kind identified")


def release(story: Story, kind: str, cohort: str = "") -> str:
    """Run, approve, resume, hand over: the id of the release."""
    run = f"run {NO} --kind {kind}{cohort} --doubtful exclude --no-orchestrator"
    waiting = story.does("erin", f"{run} --json", code=7, shown=False).json
    number = waiting["release"]
    story.does("avery", f"release approve {number}", shown=False)
    story.does("erin", f"run {NO} --resume {number} --no-orchestrator --json", shown=False)
    story.does("erin", f"release handover {number} --to lead", shown=False)
    story.does("erin", f"release receipt {number} --to lead", shown=False)
    story.tell(
        f"`run {NO} --kind {kind}` stops before anything is sealed (exit 7); `release approve {number}`"
        " by Avery, on its report; `run --resume`; `release handover` and `receipt`."
    )
    shown = story.does("erin", f"release show {number} --json", shown=False).json
    assert shown["status"] == "received"
    return number


def first_release(story: Story) -> None:
    story.on("2026-02-02", "the first release: identified data")
    release(story, "identified", " --cohort cohort.csv")
    story.does("erin", "release list")


def draft(story: Story) -> None:
    story.on("2026-05-18", "a draft comes in")
    story.tell(
        "Ten business days each way, over Memorial Day: the Department's answer is counted on the days"
        " on which state offices are open, the wait before a publication on days that are a holiday in"
        " neither list."
    )
    story.does(
        "erin",
        f"project event {NO} draft_received --file draft=draft.pdf",
        only="project_number|state|expires",
    )
    rows = story.does("erin", "deadlines --json", shown=False).json
    due = {row["name"]: row["due"] for row in rows}
    assert due["draft_review"] == "2026-06-02"
    assert due["publication_wait"] == "2026-06-02"
    story.does("erin", "deadlines --within 60")


def appeal(story: Story) -> None:
    story.on("2026-05-27", "the draft could identify somebody, and the researcher appeals")
    digest = _draft(story)
    story.does(
        "rory", f"project event {NO} draft_reviewed draft={digest} finding=identity", shown=False
    )
    story.tell(
        "`draft_reviewed finding=identity` on the 27th; the appeal on 3 June, within ten calendar days;"
        " the appeal officer asks for a written answer by the 17th and has 30 calendar days to decide."
    )
    story.on("2026-06-08", "what is open")
    story.does(
        "erin",
        f"project event {NO} matter_appealed appeal=a1 matter=identity --on 2026-06-03",
        shown=False,
    )
    story.does(
        "avery",
        f"project event {NO} response_requested response=r1 appeal=a1 until=2026-06-17 --on 2026-06-05",
        shown=False,
    )
    story.does("erin", "deadlines --within 60")
    story.on("2026-06-24", "the appeal is refused; the decision is final")
    story.does(
        "erin",
        f"project event {NO} response_received response=r1 --file statement=letter.pdf",
        shown=False,
    )
    story.does(
        "avery",
        f"project event {NO} matter_decided appeal=a1 outcome=refused --file decision=decision.pdf",
        shown=False,
    )
    names = {row["name"] for row in story.does("erin", "deadlines --json", shown=False).json}
    assert not names & {"matter_decision", "officer_response", "draft_appeal"}
    story.tell("A draft without what could identify comes in, is reviewed, and may be published.")


def _draft(story: Story) -> str:
    events = story.does("erin", f"project history {NO} --json", shown=False).json
    return next(e["facts"]["draft"] for e in reversed(events) if e["kind"] == "draft_received")


def renewal(story: Story) -> None:
    story.on("2026-10-22", "90 days before the approval ends")
    story.tell("The daily reminders write the letter that the Department owes, once.")
    story.does("erin", "remind")
    story.letter(NO, "renewal_notice")
    story.does("erin", "remind", only="written")
    story.tell(
        "It was sent by hand, which is recorded; with `[mail]` in the settings the reminders send it"
        " themselves. Until then the duty stands under `deadlines`."
    )
    story.does(
        "erin",
        f"project event {NO} notice_sent notice=renewal_notice.2026-10-22 to=applicant",
        shown=False,
    )
    names = {row["name"] for row in story.does("erin", "deadlines --json", shown=False).json}
    assert "renewal_notice" not in names
    story.on("2026-11-16", "the researcher asks for a renewal")
    story.tell("In writing, on letterhead: the new server is the only change (§ 966(i)(3)).")
    story.does(
        "erin",
        f"project event {NO} renewal_requested changes=technology --file letter=request.pdf",
        shown=False,
    )
    story.on("2026-12-01", "it is renewed, one year from the old date")
    story.does("avery", f"project event {NO} project_renewed", only="project_number|state|expires")


def second_release(story: Story) -> None:
    story.on("2027-02-01", "the second release: de-identified data")
    release(story, "deidentified")


def amendment(story: Story) -> None:
    story.on("2027-02-15", "the project is amended: one column more")
    asked = f"project check {NO} --kind deidentified --variable order_brady"
    story.does("erin", asked, code=3)
    story.tell(
        "A modified application names the project (§ 966(b)(1)); it holds once it is approved."
    )
    story.does("erin", "project submit amended.toml", only="project_number|state|expires")
    story.does("erin", asked, code=3, shown=False)
    story.does("avery", f"project approve {NO}", only="project_number|state|expires")
    story.does("erin", asked)


def correction(story: Story) -> None:
    story.on("2027-03-01", "a fact is recorded wrongly, and taken back")
    state = story.does(
        "erin", f"project event {NO} background_check member=lead outcome=failed", shown=False
    )
    assert state.code == 0
    story.does("erin", f"project check {NO} --kind deidentified", code=3)
    events = story.does("erin", f"project history {NO} --json", shown=False).json
    wrong = next(e["event"] for e in reversed(events) if e["kind"] == "background_check")
    story.tell(
        "The check was another person's. Nothing is edited: an approver records a correction."
    )
    story.does(
        "avery",
        f"project event {NO} event_corrected event={wrong} reason=wrong_project",
        shown=False,
    )
    story.does("erin", f"project check {NO} --kind deidentified", shown=False)


def completion(story: Story) -> None:
    story.on("2027-09-13", "the project is complete, and the data is kept one more year")
    story.tell(
        "With the notice of completion comes the certificate of destruction, or a request for one more"
        " year to verify and validate. Nothing is released any more."
    )
    story.does("erin", f"project event {NO} project_completed completed_on=2027-09-01", shown=False)
    story.does(
        "erin", f"project event {NO} extension_requested --file letter=request.pdf", shown=False
    )
    story.does(
        "avery",
        f"project event {NO} extension_granted until=2028-09-01 --file authorisation=order.pdf",
        only="project_number|state|expires",
    )
    story.does("erin", f"run {NO} --kind deidentified --no-orchestrator", code=3)


def destruction(story: Story) -> None:
    story.on("2028-06-03", "90 days before the extension ends")
    story.does("erin", "remind")
    story.does("erin", "deadlines")
    story.on("2028-08-21", "the data is destroyed")
    story.does(
        "erin",
        f"project event {NO} destruction_certified destroyed_on=2028-08-18 method=purge witnesses=1"
        " items=4 --file certificate=certificate.pdf",
        shown=False,
    )
    story.does("avery", f"project event {NO} project_closed", only="project_number|state|expires")
    story.does("erin", "deadlines")
    story.tell("What the year left behind, in the ledger:")
    story.does("sid", f"project history {NO}")
    story.tell("And every command that was refused, by whomever:")
    refused = story.does("sid", "ledger show --kind attempt_refused --json", shown=False).json
    assert {(e["actor"], e["facts"]["step"], e["facts"]["code"]) for e in refused} >= {
        ("p-erin", "project.approve", "PEOPLE-06"),
        ("p-avery", "project.event", "PEOPLE-05"),
    }
    story.does("sid", "ledger show --kind attempt_refused")
    story.does("sid", "ledger verify", only="size|root")


CHAPTERS = (
    application, approval, checks, parties, first_release, denial, denial_appeal, draft, appeal, renewal,
    second_release, amendment, correction, completion, destruction,
)  # fmt: skip


def whole_page(folder: Path) -> str:
    """Run the story and give its page."""
    with telling(folder) as story:
        house(story)
        for chapter in CHAPTERS:
            chapter(story)
        return story.page(TITLE, OPENING)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(whole_page(Path(name).resolve()), "utf-8")
