"""Documents: relative links lead somewhere, decisions have no gaps and are listed, the README stays short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
ELSEWHERE = {"node_modules", "build", "demo-home"}
PAGES = sorted(
    page.relative_to(ROOT)
    for pattern in ("*.md", "*/*.md", "*/*/*.md")
    for page in ROOT.glob(pattern)
    if not any(part.startswith(".") or part in ELSEWHERE for part in page.relative_to(ROOT).parts)
)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: small letters, no punctuation, hyphens for spaces."""
    headings = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def broken(page: Path) -> list[str]:
    found = []
    for inline, reference in LINK.findall(CODE.sub("", prose(page))):
        link = inline or reference
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_relative_links_lead_somewhere(page):
    assert broken(ROOT / page) == []


def test_a_link_to_nowhere_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# A heading: 2\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n[a](there.md) [b](there.md#a-heading-2) [c](#page) [d](https://example.org)\n"
        "[e](gone.md) [f](there.md#gone) `[g](code.md)`\n```\n[h](fenced.md)\n```\n[i]: lost.md\n"
    )
    assert broken(page) == ["gone.md", "there.md#gone", "lost.md"]


def test_decisions_are_numbered_without_gaps():
    pages = sorted(p.name for p in DECISIONS.glob("*.md") if p.name != "README.md")
    assert [name[:4] for name in pages] == [f"{n:03}-" for n in range(1, len(pages) + 1)]
    titles = [(DECISIONS / name).read_text("utf-8").splitlines()[0] for name in pages]
    assert [t[:6] for t in titles] == [f"# {n[:3]} " for n in pages]


def test_every_decision_is_listed_with_its_title():
    listed = re.findall(
        r"^- \[(\d{3})\]\((\S+)\) (.+)$", (DECISIONS / "README.md").read_text("utf-8"), re.MULTILINE
    )
    pages = sorted(p for p in DECISIONS.glob("*.md") if p.name != "README.md")
    first_lines = [p.read_text("utf-8").splitlines()[0] for p in pages]
    assert listed == [
        (p.name[:3], p.name, line[6:]) for p, line in zip(pages, first_lines, strict=True)
    ]


def test_decisions_that_code_names_are_there():
    numbers = {p.name[:3] for p in DECISIONS.glob("[0-9]*.md")}
    named = {
        (number, str(path.relative_to(ROOT)))
        for room in ROOT.glob("*/__init__.py")
        for path in room.parent.rglob("*.py")
        for number in re.findall(r"docs/decisions/(\d{3})", path.read_text("utf-8"))
    }
    assert {n for n in named if n[0] not in numbers} == set()


def test_files_that_documents_name_are_there():
    named = {
        (path, str(page))
        for page in PAGES
        for path in re.findall(
            r"`(?:python )?((?:tests|benchmarks|docs|approvals|crypto|errors|expectations|extracts|matching"
            r"|pipelines|synthetic|systems)/[\w./-]+\.\w+)",
            (ROOT / page).read_text("utf-8"),
        )
    }
    assert len(named) > 20
    assert {n for n in named if not (ROOT / n[0]).exists()} == set()


def test_the_readme_is_three_screens():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 125


def test_the_architecture_names_every_sub_room():
    table = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("## One release")[0]
    rooms = dict(re.findall(r"^\| `(\w+)/` \| (.+) \|$", table, re.MULTILINE))
    for room, told in rooms.items():
        folders = {p.parent.name for p in (ROOT / room).glob("*/**/__init__.py")}
        folders -= {"data", "templates", "suites"}
        assert set(re.findall(r"`(\w+)/`", told)) == folders, room
    assert len(rooms) == 8
