"""Within the year: a second application is denied, the denial is appealed, and the appeal is granted."""

from tests.spec.story import Story

NO = "2026-002"


def denial(story: Story) -> None:
    story.on("2026-03-02", "a second application is denied")
    story.does("erin", "project submit second.toml", only="project_number|state|expires")
    story.does("erin", f"project event {NO} review_started", shown=False)
    story.does(
        "rory",
        f"project event {NO} review_completed holds=C-03,C-04,C-08,C-15 fails=C-48",
        shown=False,
    )
    story.tell(
        "The reviewer finds no need for the data in it (C-48). It can't be approved, and is denied; the"
        " written reasons are due within ten business days."
    )
    story.does("avery", f"project approve {NO}", code=3)
    story.does(
        "avery",
        f"project event {NO} project_denied --file statement=reasons.txt",
        only="project_number|state|expires",
    )
    story.tell("The letter has the reviewer's finding, the reasons, and the right to appeal.")
    story.letter(NO, "denial")
    assert _due(story, "denial_statement") == "2026-03-16"
    story.does("erin", "deadlines --within 30")


def denial_appeal(story: Story) -> None:
    story.on("2026-03-11", "the reasons are sent; the researcher has ten calendar days")
    story.does("erin", f"project event {NO} denial_statement_sent", shown=False)
    story.tell(
        "The tenth day is a Saturday: a filing is in time on the next day on which offices are open."
    )
    assert _due(story, "appeal_window") == "2026-03-23"
    story.on("2026-03-23", "the appeal comes in")
    story.does(
        "erin",
        f"project event {NO} appeal_received --file letter=request.pdf",
        only="project_number|state|expires",
    )
    assert _due(story, "appeal_decision") == "2026-04-22"
    story.does("erin", "deadlines --within 30")
    story.on("2026-04-14", "the appeal is granted, not by whoever denied")
    granted = f"project event {NO} appeal_decided outcome=granted --file decision=decision.pdf"
    story.does("avery", granted, code=3)
    story.does("chen", granted, only="project_number|state|expires")
    story.tell("It is under review again; the researcher revises it or, as here, takes it back.")
    story.does(
        "erin",
        f"project event {NO} application_withdrawn --file letter=letter.pdf",
        only="project_number|state|expires",
    )
    names = {row["name"] for row in _rows(story)}
    assert not names & {"appeal_decision", "appeal_window", "denial_statement"}


def _rows(story: Story) -> list[dict[str, str]]:
    rows = story.does("erin", "deadlines --json", shown=False).json
    return [row for row in rows if row["project_number"] == NO]


def _due(story: Story, name: str) -> str:
    return next(row["due"] for row in _rows(story) if row["name"] == name)
