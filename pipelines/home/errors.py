"""What can be wrong with a home: its folder, its settings, its locks."""

from errors import CodedError, Exit


class HomeMissing(CodedError, code="HOME-01", exit=Exit.USAGE):
    cause = "this folder is not a doj-release home"
    cure = "Make one with `doj-release init --home DIR`, or name another with --home or DOJ_RELEASE_HOME"


class HomeExists(CodedError, code="HOME-02", exit=Exit.USAGE):
    cause = "there is something in this folder already"
    cure = "Name a new or empty folder: nothing here was changed"


class SettingsUnusable(CodedError, code="HOME-03", exit=Exit.INPUT):
    cause = "settings.toml can't be used"
    cure = (
        "Correct the named settings; `doj-release init` writes a commented example into a new home"
    )


class HomeTooOpen(CodedError, code="HOME-04", exit=Exit.INTEGRITY):
    cause = "other users may read or write in this home"
    cure = "Run `chmod -R go-rwx` on the home, then `doj-release doctor` to see what else is open"


class ReleaseHeld(CodedError, code="RUN-02", exit=Exit.HELD):
    cause = "somebody else holds this"
    cure = "Wait until it ends, then run the command again: nothing was changed"


class HomeNewer(CodedError, code="HOME-21", exit=Exit.USAGE):
    cause = "this home belongs to a later version of doj-release"
    cure = "Use that version; no home is taken back to an earlier one, restore a backup for that"
