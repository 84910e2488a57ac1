"""A contract for import-linter: what a sub-room offers stands in its ``__init__``, and only there.

A module ``room.sub.file`` may be imported by modules of ``room.sub`` and by nobody else; others import what they need
from ``room.sub``. The same holds for sub-rooms of sub-rooms. The rooms themselves (``room``) offer nothing: their
sub-rooms and their own files are what is imported.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class SurfaceContract(Contract):
    """Every import from another sub-room goes by that sub-room's public surface."""

    type_name = "surface"

    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import between modules of the rooms."""
        del verbose
        rooms = set(self.rooms)  # type: ignore[call-overload]
        modules = sorted(m for m in graph.modules if m.split(".")[0] in rooms)
        broken = sorted(
            (importer, imported)
            for imported in modules
            for importer in graph.find_modules_that_directly_import(imported)
            if importer.split(".")[0] in rooms and not _may(importer, imported)
        )
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import with the surface that it should go by."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(
                f"{importer} -> {imported}: import it from {_surface(importer, imported)}"
            )
            output.new_line()


def _surface(importer: str, imported: str) -> str:
    """The outermost package of ``imported`` that ``importer`` does not stand in."""
    mine, theirs = importer.split("."), imported.split(".")
    common = 0
    while common < min(len(mine), len(theirs) - 1) and mine[common] == theirs[common]:
        common += 1
    return ".".join(theirs[: max(common, 1) + 1])


def _may(importer: str, imported: str) -> bool:
    return imported.count(".") == 0 or _surface(importer, imported) == imported
