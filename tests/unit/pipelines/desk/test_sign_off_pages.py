"""Signing off at the desk: the queue, a release, its return, a project's papers, settings; on what was on the screen, by the right person."""

import html
import json
import re

import pytest

from approvals.application import example_application
from approvals.people import People
from crypto.cms.certificates import make_recipient
from pipelines.home import open_home
from pipelines.keys import add_recipient
from pipelines.session import Session, today
from tests.desk import Browser

REPORT = b"<!DOCTYPE html><title>r</title><p id=here>Report <script>top.broken = 1</script></p>"
MODEL = {
    "checks": [
        {"title": "Every row is alone", "holds": False, "severity": "warning", "section": ""}
    ],
    "attention": [
        {"text": "22 % of <b>cells</b> are hidden", "reason": "Many holes.", "place": "maps"},
        {
            "text": "A check that only warns does not hold: Every row is alone",
            "reason": "",
            "place": "checks",
        },
    ],
    "looked_at": ["drift of each column"],
    "intervals": [{"label": "Missed", "value": 4.5, "low": 3.0, "high": 6.0, "unit": "%"}],
}
_SEEN = re.compile(r'name="seen" value="(\d+)"')


def acting(home, who: str) -> Session:
    def find(people: People):
        return next(one for one in people.persons if one.id == who)

    return Session(open_home(home), find)


def state(home, release):
    with acting(home, "sam-1") as session:
        return session.releases.show(release)


def kinds(home, kind):
    with acting(home, "sam-1") as session:
        return [(e.actor, dict(e.facts)) for e in session.ledger.events(kind=kind)]


@pytest.fixture
def project(home, tmp_path):
    """An application that waits for its decision."""
    (tmp_path / "a.toml").write_text(example_application("standard", on=today(), kind="identified"))
    with acting(home, "erin-1") as session:
        return session.projects.submit(tmp_path / "a.toml", session.person, today()).number


@pytest.fixture
def approved(home, project):
    with acting(home, "avery-1") as session:
        session.projects.approve(project, session.person, today())
    return project


@pytest.fixture
def release(home, approved):
    """A release of erin's that waits for an approver; no data stand behind it."""
    with acting(home, "erin-1") as session:
        facts = {"years": "2020-2025", "snapshot": "CARPOS-20260101-001"}
        made = session.releases.order(approved, "identified", session.person, today(), facts)
        note = session.releases.record
        note(made.release, "extract_made", {"rows": 1234, "individuals": 567})
        note(
            made.release,
            "release_validated",
            {"outcome": "passed", "expectations": 9, "failed": 0},
        )
        session.releases.attach_report(
            made.release, REPORT, b"<p>theirs", json.dumps(MODEL).encode()
        )
        folder = session.home.projects / approved / "reports" / made.release
        folder.mkdir(parents=True)
        for name, content in (("department.html", REPORT), ("recipient.html", b"<p>theirs"), ("report.json", json.dumps(MODEL).encode())):  # fmt: skip
            (folder / name).write_bytes(content)
        return made.release


def seen_on(page: str) -> str:
    found = _SEEN.search(page)
    assert found, page
    return found[1]


# ------------------------------------------------------------------ the queue


def test_the_queue_leads_to_where_a_step_is_taken(desk, release, approved):
    mine = Browser(desk, "avery-1").get("/").text
    assert f'<a href="/releases/{release}">approve the release {release}</a>' in mine
    own = Browser(desk, "erin-1")
    assert f"approve the release {release}" not in own.get("/").text
    every = own.get("/?for=everybody").text
    assert f"approve the release {release}" in every
    assert f'href="/projects/{approved}/events/background_check"' in every
    assert "complete the renewal" in html.unescape(every)  # by when it is due, and why


# ------------------------------------------------------------------ a release


def test_a_release_shows_what_its_approver_looks_at(desk, release):
    page = Browser(desk, "avery-1").get(f"/releases/{release}").text
    for text in ("22 % of &lt;b&gt;cells&lt;/b&gt; are hidden", "Every row is alone", "1,234", "drift of each column", "4.50 %"):  # fmt: skip
        assert text in page
    assert page.count("Every row is alone") == 1  # what is said of it first names it, too
    assert f'<iframe class="framed" sandbox src="/releases/{release}/report"' in page
    assert f'action="/releases/{release}/approve"' in page
    assert f'action="/releases/{release}/return"' in page


def test_the_report_runs_nothing_and_leads_nowhere(desk, release):
    browser = Browser(desk, "avery-1")
    for edition, content in (("report", REPORT), ("recipient", b"<p>theirs")):
        answer = browser.get(f"/releases/{release}/{edition}")
        assert answer.content == content
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


def test_who_ran_it_and_who_may_not_get_no_form(desk, home, release):
    page = Browser(desk, "erin-1").get(f"/releases/{release}").text
    assert f'action="/releases/{release}/approve"' not in page
    refused = Browser(desk, "rory-1").get(f"/releases/{release}")
    assert refused.status_code == 403
    assert "PEOPLE-06" in refused.text
    assert "22 %" not in refused.text
    ((who, facts),) = kinds(home, "attempt_refused")
    assert (who, facts["step"], facts["code"]) == ("rory-1", "release.show", "PEOPLE-06")
    assert Browser(desk).get(f"/releases/{release}").status_code == 401


def test_a_release_is_returned_answered_and_waits_again(desk, home, release):
    avery, erin = Browser(desk, "avery-1"), Browser(desk, "erin-1")
    page, report = avery.get(f"/releases/{release}").text, state(home, release).report
    form = {"seen": seen_on(page), "report": report}
    said = "Row <script>alert(7)</script>\nstands alone: " + "x" * 300
    empty = avery.post(f"/releases/{release}/return", form | {"comment": " "})
    assert (empty.status_code, "APPROVAL-44" in empty.text) == (422, True)
    hidden = avery.post(f"/releases/{release}/return", form | {"comment": "a\u202eb"})
    assert hidden.status_code == 400
    done = avery.post(f"/releases/{release}/return", form | {"comment": said})
    assert "is returned" in avery.follow(done).text
    assert state(home, release).status == "returned"
    page = erin.get(f"/releases/{release}").text
    assert html.escape(said, quote=False) in page
    assert "<script>alert" not in page
    assert f'href="/releases/{release}"' in erin.get("/").text
    answer = {"seen": seen_on(page), "comment": "It is a total."}
    assert "waits for an approver again" in erin.follow(erin.post(f"/releases/{release}/answer", answer)).text  # fmt: skip
    page = avery.get(f"/releases/{release}").text
    assert "It is a total." in page
    assert f'action="/releases/{release}/approve"' in page


def test_a_page_that_lay_open_decides_nothing(desk, home, release):
    avery = Browser(desk, "avery-1")
    page = avery.get(f"/releases/{release}").text
    form = {"seen": seen_on(page), "report": state(home, release).report}
    with acting(home, "erin-1") as session:
        session.releases.resume(release, session.person, today())
    before = state(home, release).status, state(home, release).returns
    for step, more in (
        ("approve", {}), ("return", {"comment": "no"}), ("withdraw", {"reason": "other"}), ("destroy", {}),
    ):  # fmt: skip
        refused = avery.post(f"/releases/{release}/{step}", form | more)
        assert (refused.status_code, "DESK-06" in refused.text) == (409, True)
    assert (state(home, release).status, state(home, release).returns) == before
    other = {"seen": seen_on(avery.get(f"/releases/{release}").text), "report": "0" * 64}
    refused = avery.post(f"/releases/{release}/approve", other)
    assert (refused.status_code, "APPROVAL-11" in refused.text) == (409, True)
    assert state(home, release).status == "waiting_approval"


def test_an_approval_asks_the_gate_and_tells_every_reason(desk, home, release):
    avery = Browser(desk, "avery-1")
    page = avery.get(f"/releases/{release}").text
    form = {"seen": seen_on(page), "report": state(home, release).report}
    refused = avery.post(f"/releases/{release}/approve", form)
    assert refused.status_code == 403
    text = html.unescape(refused.text)
    assert "APPROVAL-02" in text
    assert "§ 966(e)" in text
    assert state(home, release).status == "waiting_approval"


def test_a_release_is_withdrawn_and_destroyed_with_its_id_said_again(desk, home, release):
    sam = Browser(desk, "sam-1")
    page = sam.get(f"/releases/{release}").text
    done = sam.post(f"/releases/{release}/withdraw", {"seen": seen_on(page), "reason": "other"})
    assert "is withdrawn" in sam.follow(done).text
    form = {"seen": seen_on(sam.get(f"/releases/{release}").text)}
    assert "destroyed" in sam.follow(sam.post(f"/releases/{release}/destroy", form)).text
    assert state(home, release).status == "destroyed"
    assert sam.get(f"/releases/{release}").status_code == 200


def test_where_two_people_end_a_release_the_first_stops_it(desk, home, release):
    settings = home / "settings.toml"
    settings.write_text(
        settings.read_text().replace("endings_by_two = false", "endings_by_two = true")
    )
    sam, erin = Browser(desk, "sam-1"), Browser(desk, "erin-1")
    form = {"reason": "wrong_data"}
    first = form | {"seen": seen_on(sam.get(f"/releases/{release}").text)}
    page = sam.follow(sam.post(f"/releases/{release}/withdraw", first)).text
    assert "It is stopped" in page
    again = form | {"seen": seen_on(page)}
    assert sam.post(f"/releases/{release}/withdraw", again).status_code == 403
    assert f'<a href="/releases/{release}#end">' in erin.get("/").text
    page = erin.get(f"/releases/{release}").text
    assert "sam-1 asked on" in page
    kept = erin.post(f"/releases/{release}/keep", {"seen": seen_on(page)})
    page = erin.follow(kept).text
    assert "goes on" in page
    asked = form | {"seen": seen_on(page)}
    page = erin.follow(erin.post(f"/releases/{release}/withdraw", asked)).text
    done = sam.post(f"/releases/{release}/withdraw", form | {"seen": seen_on(page)})
    assert "is withdrawn" in sam.follow(done).text
    assert state(home, release).status == "withdrawn"


def test_releases_are_listed_by_state(desk, release):
    avery = Browser(desk, "avery-1")
    assert release in avery.get("/releases?state=waiting_approval").text
    assert f'href="/releases/{release}"' not in avery.get("/releases?state=destroyed").text


# ------------------------------------------------------------------ papers


def test_a_report_among_the_papers_is_read_by_those_who_read_reports(desk, home, release, approved):
    page = Browser(desk, "avery-1").get(f"/projects/{approved}/papers").text
    found = set(re.findall(r"papers\?read=(\d+):(report[\w./-]*)#", page))
    assert found
    for event, what in found:
        link = f"/projects/{approved}/documents/{event}/{what}"
        assert Browser(desk, "avery-1").get(link).status_code == 200
        assert Browser(desk, "rory-1").get(link).status_code == 403


def test_papers_show_every_reason_and_are_read_in_place(desk, home, project):
    avery = Browser(desk, "avery-1")
    page = html.unescape(avery.get(f"/projects/{project}/papers").text)
    assert "§ 966(e)" in page
    assert "Who approves says that none of this is so" in page
    assert f'action="/projects/{project}/approve"' in page
    (link,) = set(re.findall(rf"/projects/{project}/documents/\d+/application", page))
    assert f'<iframe class="framed" src="{link}"' in page
    shown = avery.get(link)
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["content-security-policy"].startswith("sandbox")
    assert 'form = "standard"' in shown.text
    assert Browser(desk, "rory-1").get(link).status_code == 200
    assert Browser(desk, "adi-1").get(link).status_code == 403
    assert avery.get(link.replace("application", "nothing")).status_code == 409


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"<script>alert(1)</script>", "text/plain; charset=utf-8"),
        ("right \u202e to left".encode(), "application/octet-stream"),
        (b"PK\x03\x04\xff", "application/octet-stream"),
    ],
)
def test_a_document_is_what_it_begins_with_and_runs_nothing(desk, home, project, content, kind):
    with acting(home, "erin-1") as session:
        facts = {"document": "d9", "kind": "irb_approval"}
        session.projects.event(
            project, "document_attached", session.person, today(), facts, {"digest": content}
        )
        (event,) = session.ledger.events(project, kind="document_stored")
    link = f"/projects/{project}/documents/{event.seq}/document_attached.digest"
    answer = Browser(desk, "avery-1").get(link)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    if kind == "application/octet-stream":
        assert answer.headers["content-disposition"].startswith("attachment")
    else:
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_an_application_is_approved_by_another_on_what_was_on_the_screen(desk, home, project):
    avery, erin = Browser(desk, "avery-1"), Browser(desk, "erin-1")
    form = {"seen": seen_on(avery.get(f"/projects/{project}/papers").text)}
    assert erin.post(f"/projects/{project}/approve", form).status_code == 403
    stale = avery.post(f"/projects/{project}/approve", {"seen": "1"})
    assert (stale.status_code, "DESK-06" in stale.text) == (409, True)
    done = avery.post(f"/projects/{project}/approve", form)
    assert "is approved" in avery.follow(done).text


def test_an_application_is_refused_with_its_reasons_written_here(desk, home, project):
    avery, path = Browser(desk, "avery-1"), f"/projects/{project}/events/project_denied"
    page = avery.get(path).text
    form = {"seen": seen_on(page), "on": str(today())}
    refused = avery.post(path, form)
    assert (refused.status_code, "statement" in refused.text) == (400, True)
    done = avery.post(path, form | {"statement": "The cohort's source is <i>not</i> shown."})
    page = avery.follow(done).text
    assert "denied" in page
    (read,) = re.findall(
        r'href="(/projects/[\w-]+/papers\?read=\d+:project_denied\.statement)', page
    )
    page = avery.get(read).text
    (link,) = set(re.findall(r"/projects/[\w-]+/documents/\d+/project_denied\.statement", page))
    assert avery.get(link).text == "The cohort's source is <i>not</i> shown."
    assert avery.get(link).headers["content-type"].startswith("text/plain")


def test_a_review_is_recorded_with_what_holds(desk, home, project):
    rory = Browser(desk, "rory-1")
    path = f"/projects/{project}/events/review_completed"
    assert Browser(desk, "erin-1").post(path, {"seen": "2", "on": str(today())}).status_code == 403
    page = rory.get(path).text
    assert 'type="checkbox" name="holds" value="C-03"' in page
    form = {"seen": seen_on(page), "on": str(today()), "holds": ["C-03", "C-04"], "fails": ["C-48"]}
    assert "review completed" in rory.follow(rory.post(path, form)).text
    ((_, facts),) = kinds(home, "review_completed")
    assert (facts["holds"], facts["fails"]) == (("C-03", "C-04"), ("C-48",))


def test_cohorts_and_keys_are_confirmed_by_another(desk, home, approved, tmp_path):
    _, certificate = make_recipient("p384", "Recipient")
    (tmp_path / "lead.pem").write_bytes(certificate)
    with acting(home, "erin-1") as session:
        added = str(add_recipient(session, approved, tmp_path / "lead.pem", "lead")["fingerprint"])
        cohort = session.projects.register_cohort(
            approved, digest="c" * 64, rows=99, actor=session.person, on=today()
        ).cohorts[0]
        researcher = session.projects.show(approved).standard_application.researcher
    erin, avery = Browser(desk, "erin-1"), Browser(desk, "avery-1")
    page = avery.get(f"/projects/{approved}/papers").text
    assert html.escape(researcher.phone) in page
    assert added[:4] in page
    form = {"key": added, "said": added[-8:]}
    for wrong in ("12345678", added[-4:], ""):
        assert avery.post(f"/projects/{approved}/key", form | {"said": wrong}).status_code == 400
    assert erin.post(f"/projects/{approved}/key", form).status_code == 403
    assert "confirmed" in avery.follow(avery.post(f"/projects/{approved}/key", form)).text
    form = {"cohort": cohort.digest}
    assert erin.post(f"/projects/{approved}/cohort", form).status_code == 403
    assert "confirmed" in avery.follow(avery.post(f"/projects/{approved}/cohort", form)).text
    assert avery.post(f"/projects/{approved}/cohort", form).status_code == 403  # waits no more


# ------------------------------------------------------------------ settings and snapshots


def test_a_switch_is_recorded_by_one_and_confirmed_by_another(desk, home):
    settings = home / "settings.toml"
    settings.write_text(settings.read_text().replace("threshold = 10 ", "threshold = 5 ", 1))
    adi, sam = Browser(desk, "adi-1"), Browser(desk, "sam-1")
    page = adi.get("/settings").text
    assert "disclosure.threshold" in page
    form = {"switch": "disclosure.threshold"}
    assert "is recorded" in adi.follow(adi.post("/settings/switches/override", form)).text
    assert adi.post("/settings/switches/confirm", form).status_code == 403
    assert "is confirmed" in sam.follow(sam.post("/settings/switches/confirm", form)).text
    assert Browser(desk, "rory-1").post("/settings/switches/override", form).status_code == 403


def test_settings_are_confirmed_as_they_were_on_the_screen(desk, home):
    settings = home / "settings.toml"
    adi, sam = Browser(desk, "adi-1"), Browser(desk, "sam-1")
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', adi.get("/settings").text)
    assert digest
    settings.write_text(settings.read_text().replace("outbox_days = ", "outbox_days = 1", 1))
    moved = adi.post("/settings/record", {"digest": digest[1]})
    assert (moved.status_code, "DESK-06" in moved.text) == (409, True)
    now = re.search(r'name="digest" value="([0-9a-f]{64})"', adi.get("/settings").text)
    assert now
    assert adi.post("/settings/record", {"digest": now[1]}).status_code == 303
    assert adi.post("/settings/confirm", {"digest": now[1]}).status_code == 403
    assert "in force" in sam.follow(sam.post("/settings/confirm", {"digest": now[1]})).text
