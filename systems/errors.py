"""What can be wrong with a system's description, an outside table, or a register."""

from typing import Any

from errors import CodedError, Exit


class UnknownSystem(CodedError, code="SYSTEM-01", exit=Exit.USAGE):
    cause = "There is no data system with this code"
    cure = "Use one of the codes listed."


class DescriptionBroken(CodedError, code="SYSTEM-02", exit=Exit.INTERNAL):
    cause = "The description of this data system is not valid"
    cure = "Correct the entries listed in the system's TOML file."


class NotDescribed(CodedError, code="SYSTEM-03", exit=Exit.INTERNAL):
    cause = "The data system's description does not have what was asked for"
    cure = "Name a table, column or code list of the description."


class KindNotGiven(CodedError, code="SYSTEM-05", exit=Exit.REFUSED):
    cause = "This data system gives no data of this kind"
    cure = "See `project example --system`, or docs/systems.md, for the kinds that it gives."


class TableMissing(CodedError, code="TABLE-01", exit=Exit.INPUT):
    cause = "The file does not exist or can't be read"
    cure = "Check the name and the permissions of the file."


class TableIsDirectory(CodedError, code="TABLE-02", exit=Exit.INPUT):
    cause = "This is a directory, and a file is needed"
    cure = "Name the file itself."


class TableEmpty(CodedError, code="TABLE-03", exit=Exit.INPUT):
    cause = "The file is empty"
    cure = "Send a file with a header and at least one row."


class TableWithoutRows(CodedError, code="TABLE-04", exit=Exit.INPUT):
    cause = "The file has a header and no rows"
    cure = "Send a file with at least one row under its header."


class EncodingUnknown(CodedError, code="TABLE-05", exit=Exit.INPUT):
    cause = "The text can't be decoded"
    cure = "Save the file as CSV in UTF-8 and send it again."


class RowsRagged(CodedError, code="TABLE-06", exit=Exit.INPUT):
    cause = "Rows have more or fewer values than the header has columns"
    cure = "Correct these data rows; a value that holds the delimiter stands in double quotes."


class HeaderWrong(CodedError, code="TABLE-07", exit=Exit.INPUT):
    cause = "The header has empty or repeated column names"
    cure = "Give every column, by position, a name of its own; is the header row there at all?"


class TableTooLarge(CodedError, code="TABLE-08", exit=Exit.INPUT):
    cause = "The file is larger than the limit"
    cure = "Split the file, or send it as Parquet."


class FormatUnknown(CodedError, code="TABLE-09", exit=Exit.INPUT):
    cause = "The file is not a readable CSV, Parquet or XLSX table"
    cure = "Send CSV, Parquet or XLSX, not compressed, not protected by a password."


class NulBytes(CodedError, code="TABLE-10", exit=Exit.INPUT):
    cause = "The text holds zero bytes"
    cure = "Export the table again; a text file holds none."


class QuoteOpen(CodedError, code="TABLE-11", exit=Exit.INPUT):
    cause = "A double quote is opened and never closed"
    cure = "Close the quote in or after the data row named; quotes inside a value are doubled."


class SheetUnknown(CodedError, code="TABLE-12", exit=Exit.INPUT):
    cause = "The workbook has no such sheet"
    cure = "Name one of its sheets, or leave the name out to read the first."


class ColumnUnreadable(CodedError, code="TABLE-13", exit=Exit.INPUT):
    cause = "Columns hold lists, structures or binary data"
    cure = "Send one plain value for each column (by position) and row."


class RegisterRefused(CodedError, code="REGISTER-01", exit=Exit.INPUT):
    cause = "The register files don't fit the system's description"
    cure = "Correct what the list of problems names, by table, column and data row."
    problems: tuple[Any, ...] = ()  # of `systems.register.Problem`


class ForbiddenInRegister(RegisterRefused, code="REGISTER-07"):
    cause = "The register files hold what must not be in this system's data at all"
    cure = "Return them to whoever sent them: it must be removed there, not here. Nothing was kept."


class TableUnknown(CodedError, code="REGISTER-02", exit=Exit.INPUT):
    cause = "Files are not named after tables of this system, or a table comes twice"
    cure = "Name each file after its table, such as person.parquet or order_entry.csv."


class SnapshotUnknown(CodedError, code="REGISTER-03", exit=Exit.INPUT):
    cause = "There is no such register snapshot"
    cure = "See `register list`, or load a register first."


class SnapshotDamaged(CodedError, code="REGISTER-04", exit=Exit.INTEGRITY):
    cause = "The snapshot's files are not those that its manifest lists"
    cure = "Restore the snapshot from its backup, or load the register again."


class RegisterUnreadable(CodedError, code="REGISTER-05", exit=Exit.INTERNAL):
    """A query on the register failed; its text is kept back because it quotes values."""

    cause = "The register could not be read"
    cure = "Check memory and the snapshot's keys, then run again."


class IndexIncomplete(CodedError, code="REGISTER-06", exit=Exit.INTERNAL):
    cause = "The person index does not cover every entry exactly once"
    cure = "Report this: the register was not loaded."
