"""What can go wrong while linking: one class per cause."""

from errors import CodedError, Exit


class MissingIdColumn(CodedError, code="MATCH-01", exit=Exit.INPUT):
    cause = "A table to link has no id column"
    cure = (
        "Add one, or name the column that holds the ids: cohort_id or record_id in the column map, "
        "or --cohort-id and --record-id of `match`."
    )


class MissingIds(CodedError, code="MATCH-02", exit=Exit.INPUT):
    cause = "Some rows have no id"
    cure = "Give every row an id of its own; the row numbers count data rows from 1."


class DuplicateIds(CodedError, code="MATCH-03", exit=Exit.INPUT):
    cause = "Some cohort ids are used more than once"
    cure = "Give every cohort row an id of its own; the row numbers count data rows from 1."


class NoCommonColumns(CodedError, code="MATCH-04", exit=Exit.INPUT):
    cause = "The two tables share no column to link on"
    cure = "Use the standard column names or give a column map (--columns MAP.toml)."


class BadColumnMap(CodedError, code="MATCH-05", exit=Exit.INPUT):
    cause = "The column map can't be used"
    cure = 'Write tables [cohort] and [records] with lines such as last_name = "surname".'


class UnmappedSource(CodedError, code="MATCH-06", exit=Exit.INPUT):
    cause = "The column map names columns that the table does not have"
    cure = "Check the spelling on the right-hand side of the map for these standard columns."


class BadOptions(CodedError, code="MATCH-07", exit=Exit.USAGE):
    cause = "A linkage option lies outside its range"
    cure = "Check the thresholds (0 < review_from <= threshold < 1), the guards (birth, suffix, sex, twin, number, names) and the sizes (at least 1)."


class BadTable(CodedError, code="MATCH-08", exit=Exit.INPUT):
    cause = "A table to link has a column of the wrong type"
    cure = "Standard columns are text; record ids are text or whole numbers; identities are whole numbers."


class UnknownPair(CodedError, code="MATCH-09", exit=Exit.INPUT):
    cause = "The pair to explain does not exist in the two tables"
    cure = "Give a cohort id and a record id that stand in the files, as COHORT,RECORD."


class BadSheet(CodedError, code="MATCH-10", exit=Exit.INPUT):
    cause = "The reviewer's sheet can't be read"
    cure = "Give back the exported XLSX file with only its decision column filled in."


class ChangedPairs(CodedError, code="MATCH-11", exit=Exit.INPUT):
    cause = "The pairs in the reviewer's sheet are not the pairs that were asked about"
    cure = "Export the sheet again and decide on that one; ids must not be edited."


class MissingPairs(CodedError, code="MATCH-12", exit=Exit.INPUT):
    cause = "The reviewer's sheet lacks pairs that were asked about"
    cure = "Give back every row of the exported sheet."


class UnknownVerdict(CodedError, code="MATCH-13", exit=Exit.INPUT):
    cause = "Some decisions are none of: same, different, unsure"
    cure = "Choose one of the three words (labels may also say match, no match) in every row; the row numbers count data rows from 1."


class BadTruth(CodedError, code="MATCH-14", exit=Exit.INPUT):
    cause = "The truth file can't be used"
    cure = "Give a table with the two id columns of the cohort and the records."


class LinkageBroke(CodedError, code="MATCH-15", exit=Exit.INTERNAL):
    cause = "The linkage stopped at an unexpected place"
    cure = "Run `doj-release doctor`; if it finds nothing, report the code and the stage."


class CantWrite(CodedError, code="MATCH-16", exit=Exit.USAGE):
    cause = "The links can't be written where they were asked for"
    cure = "Give --out a file in a folder that exists and that you may write to."


class BadLabels(CodedError, code="MATCH-17", exit=Exit.INPUT):
    cause = "The labels can't be used"
    cure = "Give a table with cohort_id, record_id and decision, or a reviewer's sheet with decisions in it."


class ContradictoryLabels(CodedError, code="MATCH-18", exit=Exit.INPUT):
    cause = "Some pairs are labelled both same and different, or unsure besides"
    cure = "Leave one decision for each pair; the row numbers count data rows from 1."


class StrangeLabels(CodedError, code="MATCH-19", exit=Exit.INPUT):
    cause = "No labelled pair is in the two tables"
    cure = (
        "Give labels of this cohort and these records: both ids must be as they are in the files."
    )


class BadExact(CodedError, code="MATCH-20", exit=Exit.USAGE):
    cause = "The own columns (--exact) can't be used"
    cure = "Name at most four columns that are not standard ones, each once; add :lasting to a number that stays with a person."


class ExactMissing(CodedError, code="MATCH-21", exit=Exit.INPUT):
    cause = "A column of --exact is not in both tables"
    cure = "Check its spelling, or map it: the same name on the left-hand side of [cohort] and [records]."


class BadModel(CodedError, code="MATCH-22", exit=Exit.INPUT):
    cause = "The saved model can't be used"
    cure = (
        "Give a file that `match --save-model` of this version wrote, or train and save it again."
    )
