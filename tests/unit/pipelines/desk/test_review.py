"""Pages of a review: who may see them, what they show and hide, and that answers go through the same door as a sheet's."""

import re
import shutil

import pytest

from tests.desk import Browser, desk_of
from tests.unit.pipelines.release.reviewing import reviewing_home as world
from tests.unit.pipelines.release.reviewing.test_deciding import EVERY, named

RELEASE = world.RELEASE
ROW = f"/review/{RELEASE}/0"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    homes = {}

    def make(policy):
        if policy not in homes:
            homes[policy] = tmp_path_factory.mktemp("pages") / "home"
            world.make_home(homes[policy], policy)
        return homes[policy]

    return make


@pytest.fixture
def at(made, tmp_path, monkeypatch):
    """Gives browsers at one desk, by the person who sits there."""
    world.without_register(monkeypatch)
    desks = {}

    def browser(who, policy=world.POLICY):
        if not desks:
            desks["desk"] = desk_of(shutil.copytree(made(policy), tmp_path / "home"))
        return Browser(desks["desk"], who)

    return browser


def items(page, candidate=1):
    form = re.search(rf'<form[^>]*data-candidate="{candidate}".*?</form>', page, re.DOTALL)
    assert form, page
    return re.findall(r'name="item" value="([^"]+)"', form[0])


def answer(browser, verdict, path=ROW, candidate=1, **more):
    page = browser.get(path).text
    return browser.post(
        f"{path}?show=open", {"item": items(page, candidate), "verdict": verdict, **more}
    )


def kinds(browser):
    with browser.desk.open(browser.desk.visitors.enter("rey-1", "again")[1]) as session:
        return [e.kind for e in session.ledger.events()]


@pytest.mark.parametrize("path", ["/review", f"/review/{RELEASE}", ROW, f"{ROW}/weights"])
def test_others_are_refused_and_it_is_an_event(at, path):
    engineer = at("eng-1")
    refused = engineer.get(path)
    assert refused.status_code == 403
    assert not {"Doe", "1980-01-02", "c1"} & set(re.split(r"\W", refused.text))
    assert kinds(engineer).count("attempt_refused") == 1


def test_a_reviewer_whom_the_project_does_not_name_is_refused_and_it_is_an_event(at):
    other = at("rey-1")
    with other.desk.open(other.desk.visitors.enter("eng-1", "again")[1]) as session:
        named(session, "ann-1")
    for path in (f"/review/{RELEASE}", ROW, f"{ROW}/weights"):
        refused = other.get(path)
        assert refused.status_code == 403
        assert not {"Doe", "1980-01-02", "c1"} & set(re.split(r"\W", refused.text))
    assert kinds(other).count("attempt_refused") == 3
    assert RELEASE not in other.get("/review").text
    assert RELEASE in at("ann-1").get("/review").text


def test_a_row_stands_against_its_candidates_by_person(at):
    page = at("rey-1").get(ROW)
    assert page.status_code == 200
    assert "1 · person A, 2 entries" in page.text
    assert "2 · person B" in page.text
    assert "Ann<mark>a</mark>" in page.text  # letter by letter
    assert "This page shows personal values" in page.text
    assert "Probability" not in page.text
    assert page.headers["cache-control"] == "no-store"


def test_values_are_in_no_address(at):
    page = at("rey-1").get(ROW).text
    addresses = re.findall(r'(?:href|action|src)="([^"]*)"', page)
    assert not [a for a in addresses if re.search(r"Doe|Ann|c1\b|1980", a)]


def test_one_answer_is_kept_for_all_entries_and_the_next_is_shown(at):
    browser = at("rey-1")
    first = answer(browser, "same", reason="slip", note="ZEBRA")
    assert first.headers["location"] == f"{ROW}?show=open"  # the other candidate of the row
    page = browser.follow(first).text
    assert "You said: same" in page
    assert "Probability 0.600" in page
    second = answer(browser, "different", candidate=2)
    assert second.headers["location"] == f"/review/{RELEASE}/1?show=open"
    assert kinds(browser).count("pair_decided") == 3
    assert kinds(browser).count("review_shown") == 1


def test_an_entry_may_be_decided_by_itself(at):
    browser = at("rey-1")
    one, other = items(browser.get(ROW).text)
    browser.post(ROW, {"item": one, "verdict": "different"})
    browser.post(ROW, {"item": other, "verdict": "same"})
    page = browser.get(f"{ROW}?show=all").text
    assert page.count("You said: different") == 2  # the candidate's first entry, and the entry
    assert page.count("You said: same") == 1


def test_a_stale_page_is_told_and_nothing_is_kept(at):
    one, two = at("rey-1"), at("ann-1")
    stale = items(two.get(ROW).text)
    answer(one, "same")
    told = two.post(ROW, {"item": stale, "verdict": "different"})
    assert told.status_code == 400
    assert "RUN-44" in told.text
    assert kinds(one).count("pair_decided") == 2


def test_after_the_run_went_on_the_page_says_so(at):
    browser = at("rey-1")
    stale = items(browser.get(ROW).text)
    with world.session_of(browser.desk.home.root, "rey-1") as session:
        world.release_context(session, RELEASE).records.keep("review", [], {}, 0.0)
    told = browser.post(ROW, {"item": stale, "verdict": "same"})
    assert (told.status_code, "RUN-22" in told.text) == (400, True)
    page = browser.get(ROW).text
    assert "The run has gone on" in page
    assert 'name="verdict"' not in page
    overview = browser.get(f"/review/{RELEASE}").text
    assert "The run has gone on" in overview
    assert "Begin with what waits" not in overview


def test_the_last_answer_is_taken_back(at):
    browser = at("rey-1")
    answer(browser, "same")
    back = browser.post(f"/review/{RELEASE}/undo")
    assert back.headers["location"] == f"{ROW}?show=open"
    assert kinds(browser).count("decision_undone") == 1


def test_a_second_look_does_not_see_the_first_and_a_third_sees_both(at):
    one, two, three = at("rey-1", EVERY), at("ann-1"), at("max-1")
    answer(one, "same", reason="slip", note="ZEBRA")
    blind = two.get(ROW).text
    assert "second look: yours" in blind
    assert not re.search(r"ZEBRA|You said|A reviewer said|Probability|slip of the pen\)", blind)
    answer(two, "different")
    assert "A reviewer said" not in one.get("/review").text
    both = three.get(ROW).text
    assert re.search(r"A reviewer said <strong>same</strong> \(a slip of the pen\): ZEBRA", both)
    assert "A reviewer said <strong>different</strong>" in both
    assert "rey-1" not in both
    answer(three, "same")
    assert "settled" in three.get(ROW).text


def test_filters_lead_to_their_rows(at):
    browser = at("rey-1")
    page = browser.get(f"/review/{RELEASE}").text
    shown = dict(re.findall(r'show=(\w+)">[^<]*</a>: ([0-9]+) rows?', page))
    assert shown == {"open": "4", "all": "4", "ties": "2", "no_birth": "1", "rows": "1"}
    assert f'href="/review/{RELEASE}/2?show=no_birth"' in page
    assert browser.get(f"/review/{RELEASE}/99").status_code == 404


def test_withheld_rows_are_told_apart_by_two(at):
    one, two = at("rey-1"), at("ann-1")
    path = browser_path(one)
    for browser in (one, two):
        answer(browser, "different", path)
    with world.session_of(one.desk.home.root, "rey-1") as session:
        from pipelines.release.reviewing import released_rows

        assert released_rows(world.release_context(session, RELEASE)) == {"c4", "c5"}


def browser_path(browser):
    overview = browser.get(f"/review/{RELEASE}").text
    (path,) = re.findall(r'href="([^"]+)\?show=rows"', overview)
    assert "Different people: look for them" in browser.get(path).text
    return path


@pytest.mark.parametrize("item", ["", "0", "0.x", "99.0", "0.0.0", "-1.0", "٣.0", "0." + "9" * 40])
def test_what_is_no_item_is_refused(at, item):
    browser = at("rey-1")
    assert browser.post(ROW, {"item": item, "verdict": "same"}).status_code == 400
    assert "pair_decided" not in kinds(browser)
