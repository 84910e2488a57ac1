"""Every letter, for every system and kind of data: the law of its project, and three forms that say the same."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from laws import SYSTEMS, foreign

from approvals.application.example import example_for
from approvals.application.reading import stored_application
from approvals.application.system_terms import terms_of
from approvals.ledger.events import KINDS
from approvals.letters import composing
from approvals.letters.composing import (
    SUBJECTS,
    compose,
    letter_of_event,
    paragraphs_of,
)
from approvals.project.lifecycle import State
from approvals.project.state import ProjectState
from systems.description.loading import load_system

TODAY = date(2026, 11, 23)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
SAID = {
    "facts": [("Years", "2016 to 2025"), ("Recipients", "Robin")], "fingerprint": "AB:CD:EF", "until": "2028-08-31",
    "statement": ["The need is not shown.", "Nor are the benefits."], "reasons": ["The outline is thin (it is)"],
    "received": "2026-11-02", "earliest": "2026-11-17", "finding": "identity", "request": "r1", "outcome": "denied",
    "institution": "A University", "breach": "B1", "discovered": "2026-11-20", "individuals": "5,200",
    "member": "Robin", "who": "Alex", "release": "2026-001-R001", "days": "2026-11-23", "sums": "5" * 64,
    "recall": "2026-001-R001.lead", "inspection": "i1", "violations": 2, "sanction": "restricted access",
    "data": "De-Identified", "researcher": "Robin", "items": ["release 1", "release 2"], "at_most": 7,
    "date": "2027-11-23", "what": "renew the training", "section": "", "started": "2026-11-01", "count": "10 business days",
    "calendar": "offices open", "years": "2016-2025", "status": "recorded", "next": "Go on.",
}  # fmt: skip
MORE = {
    "review": [{"finding": f} for f in ("none", "purpose_related", "purpose_unrelated")],
    "transfer": [{"outcome": o} for o in ("approved", "conditions")],
    "findings": [{"violations": 0}, {"statement": None}],
    "denial": [{"statement": None}, {"statement": [], "reasons": []}],
}
ROWS_ALONE = {"certificate", "extension_granted", "extension_refused", "extension_notice"}
PROJECTS = [(code, (kind,)) for code in SYSTEMS for kind in load_system(code).given_kinds]


@cache
def project(code: str, kinds: tuple[str, ...]) -> ProjectState:
    form = "aggregated" if kinds == ("aggregated",) else "standard"
    if code in ("ACHS", "JCPSS"):  # who asks for tables there is a researcher, too
        form = "standard"
    text = example_for(code, form)
    return ProjectState(
        number="2026-001", form=form, system=code, kinds=kinds, recorded=State.APPROVED,
        application_digest="a" * 64, submitted_on=TODAY, last_event=1, approved_on=TODAY,
        expires=date(2027, 11, 23), terms=terms_of(code),
        application=stored_application(text.encode(), terms=terms_of),
    )  # fmt: skip


def _all():
    for name in SUBJECTS:
        for more in ({}, *MORE.get(name, [])):
            yield name, more


class _Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.tags, self._off = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.text.append("" if tag == "wbr" else " ")
        self._off += tag in ("style", "title")

    def handle_endtag(self, tag):
        self._off -= tag in ("style", "title")

    def handle_data(self, data):
        if not self._off:
            self.text.append(data)


def _words(text: str) -> list[str]:
    return re.sub(r"[^\w§.,()-]|_|•|☐", " ", text).lower().split()


def _of_page(page: str) -> tuple[list[str], list]:
    read = _Words()
    read.feed(page)
    return _words("".join(read.text)), read.tags


def _of_word(file: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(file)) as package:
        document = ElementTree.fromstring(package.read("word/document.xml"))
    lines = document.iter(f"{W}p")
    return _words(" ".join(" ".join(t.text or "" for t in p.iter(f"{W}t")) for p in lines))


@pytest.mark.parametrize(("code", "kinds"), PROJECTS, ids=str)
def test_a_letter_cites_the_law_of_its_system_and_of_its_kind(code, kinds):
    state = project(code, kinds)
    for name, more in _all():
        if state.tables_only and name in ROWS_ALONE:
            continue
        said = compose(name, state, TODAY, **{**SAID, **more}).text
        assert not foreign(said, code, tables=state.tables_only), (name, said)
        if state.tables_only and name != "recall":  # it takes back what was sent by mistake
            assert not re.search("destr[ou]", said), (name, said)
        if code != "CARPOS" and "ppeal" in said:
            assert "We know of no section of the law of this data" in said


@pytest.mark.parametrize(("code", "kinds"), [PROJECTS[0], PROJECTS[2], PROJECTS[-2]], ids=str)
def test_the_three_forms_say_the_same(code, kinds):
    state = project(code, kinds)
    for name, more in _all():
        letter = compose(name, state, TODAY, **{**SAID, **more})
        plain = [
            w for w in _words(letter.text) if w != "-" and not re.fullmatch(r"\d\.|\(?-\)?", w)
        ]
        page, tags = _of_page(letter.page)
        page = [w for w in page if w != "-" and not re.fullmatch(r"\d\.", w)]
        word = [w for w in _of_word(letter.file) if w != "-" and not re.fullmatch(r"\d\.", w)]
        assert plain == page == word, name
        names = [tag for tag, _ in tags]
        assert names.count("h1") == names.count("title") == names.count("main") == 1
        assert dict(tags)["html"]["lang"] == "en"
        assert "@page" in letter.page
        assert not {"script", "img", "link"} & set(names)
        assert all(len(line) <= 92 for line in letter.text.splitlines() if " " in line.strip()), (
            name
        )


def test_the_word_file_has_its_parts_and_the_same_bytes_each_time():
    state = project("CARPOS", ("identified",))
    one, two = (compose("approval", state, TODAY, **SAID).file for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as package:
        assert package.testzip() is None
        parts = {n: ElementTree.fromstring(package.read(n)) for n in package.namelist()}
    assert set(parts) == {"[Content_Types].xml", "_rels/.rels", "docProps/core.xml", "word/document.xml",
                          "word/_rels/document.xml.rels", "word/styles.xml"}  # fmt: skip
    styles = {s.get(f"{W}styleId") for s in parts["word/styles.xml"].iter(f"{W}style")}
    used = {s.get(f"{W}val") for s in parts["word/document.xml"].iter(f"{W}pStyle")}
    assert used <= styles
    title = parts["docProps/core.xml"].find("{http://purl.org/dc/elements/1.1/}title")
    assert "is approved" in title.text


def test_the_approval_has_the_fingerprint_and_what_binds():
    for code, kinds in PROJECTS:
        state = project(code, kinds)
        said = compose("approval", state, TODAY, **SAID)
        for form in (said.text, said.page.replace("<wbr>", "")):
            assert "AB:CD:EF" in form
            assert "openssl x509 -in department.pem -noout -fingerprint -sha256" in form
        binding = [c for c in load_system(code).conditions if kinds[0] in c.kinds]
        conditions = [c.head for c in binding if c.linked is None]
        assert conditions
        flat = " ".join(said.text.split())
        assert all(" ".join(head.split()) in flat for head in conditions)


def test_what_people_wrote_does_nothing_in_a_letter():
    evil = "<script>x</script> {{ 7*7 }} \x1b[31m & \u202e\n\nBcc: you"
    state = project("CARPOS", ("identified",))
    form = state.application.model_copy(
        update={"project": state.application.project.model_copy(update={"title": evil})}
    )
    letter = compose(
        "denial",
        replace(state, application=form),
        TODAY,
        **SAID | {"statement": [evil], "reasons": [evil]},
    )
    usual = compose("denial", state, TODAY, **SAID)
    assert "<script" not in letter.page
    assert "49" not in letter.text
    assert not {"\x1b", "\u202e"} & set(letter.text + letter.page)
    assert "\nBcc" not in letter.text
    assert [t for t, _ in _of_page(letter.page)[1]].count("p") == [
        t for t, _ in _of_page(usual.page)[1]
    ].count("p") - 1
    _of_word(letter.file)


def test_each_letter_goes_with_an_event_that_there_is():
    state = project("CARPOS", ("identified",))
    assert {row["event"] for row in composing._ROWS.values() if "event" in row} <= set(KINDS)
    assert (
        letter_of_event(state, "letter_answered", {"outcome": "refused"}).name == "support_refused"
    )
    assert letter_of_event(state, "breach_reported", {"individuals": "499"}) is None
    assert letter_of_event(state, "breach_reported", {"individuals": 500}).name == "breach"
    tables = project("CARPOS", ("aggregated",))
    assert letter_of_event(tables, "project_completed", {}) is None


def test_a_statement_is_quoted_where_it_is_text():
    assert paragraphs_of(b"One\nline.\n\n\nTwo") == ["One line.", "Two"]
    assert paragraphs_of(b"%PDF-1.7 x") is None
    assert paragraphs_of(b"a\0b") is None
    assert paragraphs_of("é".encode("latin-1")) is None
