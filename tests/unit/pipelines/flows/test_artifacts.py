"""What Prefect's page shows of a release: one page of counts, stages as the data walk, a link to the report."""

import json
import re
from datetime import date

import pytest

from errors import Exit
from pipelines.home import lay_out
from pipelines.release import Outcome
from pipelines.release.orders import Order, make_run_folder, write_order

pytestmark = pytest.mark.long  # importing Prefect
RELEASE = "2026-001-R001"


def test_stages_stand_as_the_data_walk_with_a_link_to_the_report(tmp_path, monkeypatch):
    from pipelines.flows import artifacts

    home = lay_out(tmp_path / "home")
    make_run_folder(home, RELEASE)
    order = Order(
        release=RELEASE, project="2026-001", system="CARPOS", kind="identified",
        snapshot="CARPOS-20260101-001", ordered_on=date(2026, 1, 2), ordered_by="dana",
    )  # fmt: skip
    write_order(home, order)
    stages = home.runs / RELEASE / "stages"
    stages.mkdir(exist_ok=True)
    for name, rows in (
        ("validate", 0),
        ("match", 3),
        ("gate", 0),
        ("extract", 5000),
        ("intake", 20),
    ):
        body = {"stage": name, "seconds": 1.5, "facts": {"rows": rows}, "files": {"a": 1}}
        (stages / f"{name}.json").write_text(json.dumps(body))
    report = home.projects / "2026-001" / "reports" / RELEASE / "department.html"
    report.parent.mkdir(parents=True)
    report.touch()
    made = []
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda **one: made.append(one))
    waits = Outcome(RELEASE, Exit.WAITING, "approve", {"code": "RUN-04"})
    artifacts.publish_summary(home, waits)
    (page,) = made
    assert page["key"] == "release-2026-001-r001"
    rows = re.findall(r"^\| (\w+) \| 1.5 \| (.+?) \| 1 \|$", page["markdown"], re.MULTILINE)
    assert rows == [
        ("gate", "0"), ("intake", "20"), ("match", "fewer than 10"), ("extract", "5000"), ("validate", "0"),
    ]  # fmt: skip
    assert f"[department.html]({report.as_uri()})" in page["markdown"]
    assert "**Waiting for approval** at stage `approve`, RUN-04." in page["markdown"]
    assert "*Resume*" in page["markdown"]
