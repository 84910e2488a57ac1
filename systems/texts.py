r"""What a text from outside may do where it is shown: nothing. Every sink that people read passes texts through here.

A terminal obeys control characters, a page turns round at a direction mark, a reader sees nothing of what has no width: each becomes
its visible escape (``\u202e``), so that no text hides and none acts. Texts as people write them stay as they are.
"""

import html
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment, Template

# What no name, title or note has: controls, direction marks and overrides, annotations, tags, halves of characters.
_ACTING = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def acts(text: str) -> bool:
    """Whether a text holds what is no writing: controls, direction marks, halves of characters."""
    return _ACTING.search(text) is not None


def in_one_line(text: str) -> str:
    """A text in one line without anything that acts or hides: line ends and tabs are blanks."""
    return text if text.isprintable() else "".join(map(_visible, text))


def in_lines(text: str) -> str:
    """The same line by line; tabs stay."""
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c in "\n\t" else _visible(c) for c in ends)


def in_json(data: object) -> str:
    """One JSON document for a terminal, too: what would act there stands as JSON's own escape."""
    text = json.dumps(data, indent=1, default=str, ensure_ascii=False)
    return text if in_lines(text) == text else re.sub(r"[^\n -~]", _escaped, text)


def in_html(text: str) -> str:
    """A text inside an element or a quoted attribute of HTML."""
    return html.escape(in_lines(text))


def page_template(
    loader: "BaseLoader",
    name: str,
    *,
    escaped: bool = True,
    filters: Mapping[str, Any] | None = None,
) -> "Template":
    """A template of an HTML or XML page: whatever is put in is escaped, and told by `in_lines`.

    Not ``escaped``: of a plain text.
    """
    return page_templates(loader, escaped=escaped, filters=filters).get_template(name)


def page_templates(
    loader: "BaseLoader", *, escaped: bool = True, filters: Mapping[str, Any] | None = None
) -> "Environment":
    """Such templates, for who draws many pages."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        loader=loader,
        autoescape=escaped,  # noqa: S701  # a plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters.update(filters or {})
    return environment


def _finalized(value: Any) -> Any:
    return in_lines(value) if type(value) is str else value  # what is marked as HTML stays


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return character if _visible(character) == character else json.dumps(character)[1:-1]
