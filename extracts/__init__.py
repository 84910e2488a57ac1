"""What leaves: identified, de-identified and aggregated extracts, and the content of a package.

The room never sees a recipient's key or a project's secret: research ids come from an `IdMaker`,
signatures from a function, both brought by the caller. It reads a snapshot through the connection
that it is given, and writes nothing to disk by itself (but `write_parts`, which says so).

Everything here is loaded on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extracts.candidates import records_in_scope
    from extracts.deidentified import DeidentifiedSpec
    from extracts.describe import aggregated_dictionary, dictionary_for
    from extracts.dictionary import DataDictionary, FieldDoc
    from extracts.facts import ReleaseFacts
    from extracts.identified import Extract, IdentifiedSpec
    from extracts.ids import IdMaker
    from extracts.local_suppression import suppress_locally
    from extracts.notices import conditions
    from extracts.package import Part, iter_parts, write_parts
    from extracts.readme import recipient_readme
    from extracts.risk import RiskLimit, RiskReport, risk_report
    from extracts.scan import ScanReport, check_content, content_scan

_HOME = {
    "records_in_scope": "candidates",
    "DeidentifiedSpec": "deidentified",
    "aggregated_dictionary": "describe",
    "dictionary_for": "describe",
    "DataDictionary": "dictionary",
    "FieldDoc": "dictionary",
    "ReleaseFacts": "facts",
    "Extract": "identified",
    "IdentifiedSpec": "identified",
    "IdMaker": "ids",
    "suppress_locally": "local_suppression",
    "conditions": "notices",
    "Part": "package",
    "iter_parts": "package",
    "write_parts": "package",
    "recipient_readme": "readme",
    "RiskLimit": "risk",
    "RiskReport": "risk",
    "risk_report": "risk",
    "ScanReport": "scan",
    "check_content": "scan",
    "content_scan": "scan",
}
_ROOMS = frozenset(
    {"aggregated", "deidentified", "errors", "identified", "package", "suppression", "workbook"}
)

__all__ = [
    "DataDictionary",
    "DeidentifiedSpec",
    "Extract",
    "FieldDoc",
    "IdMaker",
    "IdentifiedSpec",
    "Part",
    "ReleaseFacts",
    "RiskLimit",
    "RiskReport",
    "ScanReport",
    "aggregated_dictionary",
    "check_content",
    "conditions",
    "content_scan",
    "dictionary_for",
    "iter_parts",
    "recipient_readme",
    "records_in_scope",
    "risk_report",
    "suppress_locally",
    "write_parts",
]


def __getattr__(name: str) -> Any:
    """Load the module that a name lives in (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"extracts.{name}")
    if name in _HOME:
        return getattr(import_module(f"extracts.{_HOME[name]}"), name)
    raise AttributeError(f"extracts has no {name}")
