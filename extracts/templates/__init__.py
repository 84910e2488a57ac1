"""Texts that people read, kept as files: the conditions, two README files, the dictionary page."""

from importlib.resources import files


def template(name: str) -> str:
    """Return the text of ``<name>.txt``."""
    return files("extracts.templates").joinpath(f"{name}.txt").read_text(encoding="utf-8")
