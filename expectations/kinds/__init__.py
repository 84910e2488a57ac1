"""Checks that are generated: from the system's TOML, the relation's columns and the context.

One file a suite. They state SQL and run none: `expectations.validation` counts.
"""

from expectations.kinds.aggregated import aggregated_checks
from expectations.kinds.deidentified import deidentified_checks
from expectations.kinds.facts import Facts
from expectations.kinds.identified import identified_checks
from expectations.kinds.intake import intake_checks, links_checks
from expectations.kinds.register import register_checks
