"""What the report says of every release, in the words of ``items.toml``."""

import tomllib
from pathlib import Path

from expectations.report import Item

_ITEMS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def item(name: str, **facts: object) -> Item:
    """The item of this name, filled in."""
    return Item.model_validate({k: text.format(**facts) for k, text in _ITEMS[name].items()})
