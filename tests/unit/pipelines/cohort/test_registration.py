"""What is registered is what is linked: of the bytes read, under the map given; what is refused leaves nothing."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from openpyxl import Workbook

from approvals.application.reading import example_application
from approvals.errors import CohortRefused, StateMoved
from approvals.gate.gate import check
from approvals.gate.model import ReleaseRequest
from approvals.project import roles_for
from crypto.errors import FileChanged
from pipelines.cohort import registry
from pipelines.cohort.errors import CohortColumnsUnknown
from pipelines.cohort.registry import open_stored, register_cohort, usable_cohort_digest
from pipelines.custody.retention import enforce_retention, retention_items
from pipelines.deployment.init import init_home
from pipelines.errors import OptionsDisagree
from pipelines.home import open_home
from pipelines.release.orders import Request, _cohort, order_release
from pipelines.session import Session, today
from systems.register import RegisterStore
from tests.in_process import run_here

SWAPPED = '[cohort]\nfirst_name = "last_name"\nlast_name = "first_name"\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with one approved project that declares a cohort."""
    root = tmp_path_factory.mktemp("registration") / "home"
    init_home(root, demo=True)
    session = Session(open_home(root))
    form = root.parent / "a.toml"
    form.write_text(example_application("standard", on=today()))
    number = session.projects.submit(form, session.person, today()).number
    session.projects.approve(number, session.person, today())
    session.close()
    return root, number


@pytest.fixture
def desk(made, tmp_path):
    root, number = made
    shutil.copytree(root, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    session = Session(open_home(tmp_path / "home"))
    session.number = number
    session.file = tmp_path / "cohort.csv"
    session.file.write_text("cohort_id,first_name,last_name\n1,Ada,Byron\n2,Alan,Turing\n")
    session.map = tmp_path / "map.toml"
    session.map.write_text(SWAPPED)
    yield session
    session.close()


def register(desk, columns=None, source=None):
    return register_cohort(desk, desk.number, desk.file, columns, source)["digest"]


def confirm(desk, digest):
    desk.projects.confirm_cohort(desk.number, digest, desk.person, today())


def stored(desk):
    return [p.stem for p in (desk.home.projects / desk.number / "cohorts").glob("*.parquet")]


def names(desk, digest):
    return open_stored(desk, desk.number, digest).read(["first_name"])["first_name"].to_pylist()


def gate(desk, digest):
    request = ReleaseRequest(
        kind="identified", on=today(), system="CARPOS", years=None, cohort_digest=digest,
        cohort_rows=2, recipients=None, policy=desk.gate_policy,
    )  # fmt: skip
    reasons = check(desk.projects.show(desk.number), request).reasons
    return [r.text for r in reasons if "registered" in r.text or "confirmed" in r.text]


def test_the_corrected_map_is_linked_after_a_wrong_one(desk):
    wrong = register(desk, desk.map)
    confirm(desk, wrong)
    right = register(desk)
    assert wrong != right
    assert names(desk, right) == ["Ada", "Alan"]
    assert gate(desk, wrong)[0] == "the same file was registered again with other columns"
    assert "not confirmed" in gate(desk, right)[0]
    assert usable_cohort_digest(desk, desk.number, desk.file, None) == right
    waits = _cohort(desk, Request(desk.number, "identified"))  # the wrong one is over
    assert gate(desk, waits)[0] == "the registered cohort was not confirmed by a second person"
    confirm(desk, None)
    assert _cohort(desk, Request(desk.number, "identified")) == right
    with pytest.raises(OptionsDisagree):
        usable_cohort_digest(desk, desk.number, desk.file, desk.map)


def test_what_is_refused_leaves_nothing(desk):
    with pytest.raises(CohortRefused):
        register(desk, desk.map, source="elsewhere")
    assert stored(desk) == []
    assert list((desk.home.keys / "documents").glob("*.cohort.*")) == []
    assert names(desk, register(desk)) == ["Ada", "Alan"]


def test_a_race_that_was_lost_leaves_nothing(desk, monkeypatch):
    monkeypatch.setattr(desk.ledger, "append", lambda *_a, **_k: (_ for _ in ()).throw(StateMoved))
    with pytest.raises(StateMoved):
        register(desk)
    assert stored(desk) == []


def test_the_same_again_changes_nothing(desk):
    first = register(desk)
    confirm(desk, first)
    told = register_cohort(desk, desk.number, desk.file, None, None)
    assert (told["digest"], told["confirmed"]) == (first, True)
    assert len(desk.projects.show(desk.number).cohorts) == 1
    identity = desk.map.with_name("identity.toml")
    identity.write_text('[cohort]\nfirst_name = "first_name"\n')
    assert register(desk, identity) == first  # the same columns, said aloud


OTHER = "cohort_id,first_name,last_name\n1,Eve,Other\n"


def meanwhile(monkeypatch, what):
    """Something happens between the digest of a file and its reading."""
    read = registry.read_cohort

    def replaced(path, columns, sheet, limits):
        what()
        return read(path, columns, sheet)

    monkeypatch.setattr(registry, "read_cohort", replaced)


def test_what_was_digested_is_what_was_read(desk, monkeypatch):
    """Another file of its name is another file."""

    def moved():
        (other := desk.file.with_name("other.csv")).write_text(OTHER)
        other.replace(desk.file)

    before = desk.keyring.digest_file("cohort", desk.file)
    meanwhile(monkeypatch, moved)
    digest = register(desk)
    assert desk.projects.show(desk.number).cohort(digest).file == before
    assert names(desk, digest) == ["Ada", "Alan"]


def test_a_file_that_changed_after_its_digest_is_refused(desk, monkeypatch):
    meanwhile(monkeypatch, lambda: desk.file.write_text(OTHER))
    with pytest.raises(FileChanged):
        register(desk)
    assert stored(desk) == []


def test_a_home_of_before_keeps_its_registration(desk):
    """Once the digest of the file alone was the cohort's, and its table said what the map had been."""
    file = desk.keyring.digest_file("cohort", desk.file)
    with registry._opened(desk, desk.file, desk.map) as cohort:
        registry.store_cohort(desk, desk.number, file, [cohort.opened.read()])
    desk.projects.register_cohort(desk.number, digest=file, rows=2, actor=desk.person, on=today())
    confirm(desk, file)
    assert usable_cohort_digest(desk, desk.number, desk.file, None) == file
    assert usable_cohort_digest(desk, desk.number, desk.file, desk.map) == file
    assert register(desk, desk.map) == file
    right = register(desk)
    assert right != file
    assert names(desk, right) == ["Ada", "Alan"]
    assert gate(desk, file)[0] == "the same file was registered again with other columns"


def test_retention_knows_every_stored_cohort(desk):
    wrong = register(desk, desk.map)
    right = register(desk)
    table = open_stored(desk, desk.number, right).read()
    registry.store_cohort(desk, desk.number, "f" * 64, [table])
    kept = {item.about: item for item in retention_items(desk)}
    days = timedelta(days=desk.settings.retention.intake_days)
    assert set(kept) == {wrong, "f" * 64}  # the one in use stays open
    assert kept[wrong].until == today() + days
    assert kept["f" * 64].until == today()
    assert len(enforce_retention(desk, today() + timedelta(days=1))) == 1
    assert sorted(stored(desk)) == sorted([wrong, right])
    enforce_retention(desk, today() + days + timedelta(days=1))
    assert stored(desk) == [right]
    assert desk.projects.show(desk.number).cohort(wrong).destroyed


def test_what_a_header_leaves_no_doubt_about_is_said_and_part_of_what_is_registered(desk):
    desk.file.write_text("cohort_id,First Name,surname\n1,Ada,Byron\n2,Alan,Turing\n")
    told = register_cohort(desk, desk.number, desk.file, None, None)
    assert told["columns"] == ["first_name", "last_name"]
    assert [(w["code"], w["column"]) for w in told["warnings"]] == [
        ("column_taken", "first_name"),
        ("column_taken", "last_name"),
    ]
    desk.map.write_text('[cohort]\nfirst_name = "First Name"\nlast_name = "surname"\n')
    assert register(desk, desk.map) == told["digest"]  # the same map, said aloud


def test_a_doubtful_header_is_refused_with_what_it_may_be(desk):
    desk.file.write_text("cohort_id,last_name,dob,Birth_Date\n1,Byron,1990-01-01,1990-01-01\n")
    with pytest.raises(CohortColumnsUnknown) as caught:
        register(desk)
    assert caught.value.facts == {"positions": (3, 4), "perhaps": ("birth_date",)}
    assert stored(desk) == []


def test_another_sheet_is_another_cohort(desk):
    book = Workbook()
    for sheet in (book.active, book.create_sheet("second")):
        sheet.append(["cohort_id", "first_name", "last_name"])
        sheet.append(["1", sheet.title, "Byron"])
    book.save(desk.file)
    first = register_cohort(desk, desk.number, desk.file, None, None)
    assert [w["code"] for w in first["warnings"]] == ["sheets"]
    second = register_cohort(desk, desk.number, desk.file, None, None, "second")
    assert second["warnings"] == []
    assert second["digest"] != first["digest"]
    assert names(desk, second["digest"]) == ["second"]
    assert usable_cohort_digest(desk, desk.number, desk.file, None) == second["digest"]


def test_what_the_linkage_will_not_read_of_a_cohort_is_told_when_it_is_registered(desk):
    rows = "".join(f"{i},Byron,{'soon' if i % 2 else '7/12/84'},{i}\n" for i in range(1, 11))
    desk.file.write_text("cohort_id,last_name,dob,ssn\n" + rows)
    told = register_cohort(desk, desk.number, desk.file, None, None)["warnings"]
    assert [(w["code"], w["column"], w["count"], w["of"]) for w in told[1:]] == [
        ("column_unread", "birth_date", 5, 10),
        ("column_unread", "ssn", 10, 10),
    ]


@pytest.fixture
def register_loaded(monkeypatch):
    info = SimpleNamespace(snapshot_id="CARPOS-20260101-001", mapping="")
    monkeypatch.setattr(RegisterStore, "newest", lambda *_: SimpleNamespace(info=info))


@pytest.mark.usefixtures("register_loaded")
def test_a_cohort_that_nobody_confirmed_says_so_with_who_may_and_how(desk):
    register(desk)
    desk.close()
    done = run_here(
        "run", desk.number, "--kind", "identified", "--no-orchestrator", home=desk.home.root
    )
    assert done.code == 3
    assert "the registered cohort was not confirmed by a second person" in done.err
    assert f"`doj-release cohort confirm {desk.number}`" in done.err
    assert " or ".join(sorted(roles_for("cohort_confirmed"))) in done.err


@pytest.mark.usefixtures("register_loaded")
def test_a_release_under_another_project_says_whose_it_is(desk):
    register(desk)
    release = order_release(desk, Request(desk.number, "identified"))
    desk.close()
    words = ("--resume", release, "--no-orchestrator", "--json")
    other = run_here("run", "2026-999", *words, home=desk.home.root)
    assert (other.code, other.json["error"]["code"]) == (2, "RUN-23")
    assert other.json["error"]["facts"] == {"project": desk.number}
    near = run_here("run", desk.number, "--resume", f"{release}0", "--json", home=desk.home.root)
    assert near.json["error"]["facts"] == {"nearest": release}
    more = run_here("run", desk.number, *words, "--kind", "aggregated", home=desk.home.root)
    assert more.json["error"]["facts"]["leave_out"] == ["--kind"]
