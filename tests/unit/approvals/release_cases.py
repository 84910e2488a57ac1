"""For the tests of custody: a release that was ordered, that waits for its approver, that was sealed."""

from dataclasses import replace

from approvals_home import APPROVER, COHORT, ENGINEER, KEY_ANALYST, KEY_LEAD, TODAY

FACTS = {"snapshot": "CARPOS-20261123-001", "years": "2016-2025", "cohort": COHORT,
         "cohort_rows": 5000}  # fmt: skip
REPORT = b"<html>report</html>"


def ordered(home, project, kind="identified", actor=ENGINEER, **more):
    facts = FACTS if kind == "identified" else {"years": "2016-2025"}
    return home.releases.order(project.number, kind, actor, TODAY, {**facts, **more}).release


def waiting(home, project, kind="identified", actor=ENGINEER, **more):
    """A release that waits for its approver."""
    releases, release = home.releases, ordered(home, project, kind, actor, **more)
    ask = replace(releases.handover_request(releases.show(release), TODAY), stage="run")
    releases.ask_gate(release, ask).check()
    releases.record(release, "extract_made", {"rows": 10, "individuals": 7})
    releases.record(
        release, "release_validated", {"outcome": "passed", "expectations": 9, "failed": 0}
    )
    releases.attach_report(release, REPORT)
    return release


def sealed(home, project):
    release = waiting(home, project)
    home.releases.approve(release, APPROVER, TODAY)
    for member, key in (("lead", KEY_LEAD), ("analyst", KEY_ANALYST)):
        facts = {"member": member, "fingerprint": key, "parts": 1, "bytes": 99,
                 "sums": "5" * 64, "hashes": ["6" * 64]}  # fmt: skip
        home.releases.record(release, "package_sealed", facts)
    home.releases.record(release, "release_recorded", {"packages": 2, "on": TODAY.isoformat()})
    return release
