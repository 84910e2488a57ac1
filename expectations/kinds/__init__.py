"""Checks that are generated: from the system's TOML, the relation's columns and the context."""

from expectations.kinds.aggregated import aggregated
from expectations.kinds.deidentified import deidentified
from expectations.kinds.facts import Facts
from expectations.kinds.identified import identified
from expectations.kinds.intake import intake
from expectations.kinds.links import links
from expectations.kinds.register import register

__all__ = ["Facts", "aggregated", "deidentified", "identified", "intake", "links", "register"]
