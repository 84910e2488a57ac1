"""A home goes from one version of the software to the next: what each step changes, in order.

``home.json`` says which format a home has; one without it was made before there was a number, and has
format 1. Steps add, and never change what a person wrote or what the ledger holds.
"""

import re
import tomllib
from collections.abc import Callable, Mapping

from pipelines.home import FOLDERS, FORMAT, TEMPLATE, Home, held, read_settings, write_private


def upgrade(home: Home) -> dict[str, object]:
    """Take a home to today's format; safe to run again, and after it was interrupted.

    Raises:
        SettingsUnusable, ReleaseHeld: see their texts.
    """
    with held(home.root):
        before = home.format
        done: list[str] = []
        for number in range(before + 1, FORMAT + 1):
            done += _STEPS[number](home)
        read_settings(home.settings_file)
        if before != FORMAT:
            home.write_format()
    return {"from": before, "to": FORMAT, "changed": done}


def _filled_up(home: Home) -> list[str]:
    """Folders and sections of the settings that homes of an earlier format lack, with their comments."""
    done: list[str] = []
    for name in FOLDERS:
        if not (home.root / name).is_dir():
            (home.root / name).mkdir(mode=0o700)
            done.append(f"folder {name}")
    text = home.settings_file.read_text("utf-8")
    there = tomllib.loads(text)
    missing = {n: body for n, body in _sections(TEMPLATE).items() if n not in there}
    if missing:
        write_private(home.settings_file, "\n".join([text.rstrip("\n") + "\n", *missing.values()]))
        done += [f"settings [{name}]" for name in missing]
    return done


def _sections(template: str) -> dict[str, str]:
    parts = re.split(r"^(?=\[(?:\w+)\]$)", template, flags=re.MULTILINE)
    return {part[1 : part.index("]")]: part.rstrip("\n") + "\n" for part in parts[1:]}


_STEPS: Mapping[int, Callable[[Home], list[str]]] = dict.fromkeys((2, 3, 4), _filled_up)
