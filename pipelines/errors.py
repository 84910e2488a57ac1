"""What can go wrong in a home, a run or a command."""

from faults import CodedError, Exit


class HomeMissing(CodedError):
    """The folder is no home."""

    code = "HOME-01"
    exit = Exit.USAGE
    cause = "this folder is not a doj-release home"
    cure = "Make one with `doj-release init --home DIR`, or name another with --home or DOJ_RELEASE_HOME"


class HomeExists(CodedError):
    """`init` or `demo` found something in the folder."""

    code = "HOME-02"
    exit = Exit.USAGE
    cause = "there is something in this folder already"
    cure = "Name a new or empty folder: nothing here was changed"


class SettingsUnusable(CodedError):
    """settings.toml does not parse, or a name or value in it is unknown."""

    code = "HOME-03"
    exit = Exit.INPUT
    cause = "settings.toml can't be used"
    cure = (
        "Correct the named settings; `doj-release init` writes a commented example into a new home"
    )


class HomeTooOpen(CodedError):
    """Other users may read or write what only the service user may."""

    code = "HOME-04"
    exit = Exit.INTEGRITY
    cause = "other users may read or write in this home"
    cure = "Run `chmod -R go-rwx` on the home, then `doj-release doctor` to see what else is open"


class DemoRefusesRealData(CodedError):
    """A demo home was offered a register without the synthetic mark."""

    code = "HOME-05"
    exit = Exit.REFUSED
    cause = (
        "a demo home takes synthetic registers only, since one person may confirm everything in it"
    )
    cure = "Load real records into a home made by `doj-release init`"


class ReleaseUnknown(CodedError):
    """No such release in this home."""

    code = "RUN-01"
    exit = Exit.USAGE
    cause = "this home has no such release"
    cure = "See `doj-release release list`"


class ReleaseHeld(CodedError):
    """Another process works on the release, the project or the register."""

    code = "RUN-02"
    exit = Exit.HELD
    cause = "somebody else holds this"
    cure = "Wait until it ends, then run the command again: nothing was changed"


class WaitsForReview(CodedError):
    """Doubtful pairs need a reviewer."""

    code = "RUN-03"
    exit = Exit.WAITING
    cause = "doubtful matches wait for a reviewer"
    cure = (
        "Export the sheet with `doj-release review RELEASE --export F.xlsx`, import the decisions,"
        " then resume; or leave the doubtful out with --doubtful exclude"
    )


class WaitsForApproval(CodedError):
    """A second person has to let the release go."""

    code = "RUN-04"
    exit = Exit.WAITING
    cause = "the release is validated and waits for a second person's approval"
    cure = "Read the report, `doj-release release approve RELEASE`, then resume the run"


class StageBroken(CodedError):
    """Something unexpected happened inside a stage."""

    code = "RUN-05"
    exit = Exit.INTERNAL
    cause = "a stage broke; nothing was released"
    cure = "The local log of the home has the details; resume the release when the cause is gone"


class StageChanged(CodedError):
    """A finished stage's files are not what its record says."""

    code = "RUN-06"
    exit = Exit.INTEGRITY
    cause = "the files of a finished stage are not the ones that it recorded"
    cure = "Withdraw the release and order a new one: somebody changed the run's folder"


class ReleaseOver(CodedError):
    """The release has ended and can't be resumed."""

    code = "RUN-07"
    exit = Exit.REFUSED
    cause = "this release has ended"
    cure = "Order a new release with `doj-release run`"


class KindMissing(CodedError):
    """`run` without --kind and without --resume."""

    code = "RUN-08"
    exit = Exit.USAGE
    cause = "the kind of release is not said"
    cure = "Add --kind identified, deidentified or aggregated, or --resume RELEASE"


class YearsUnreadable(CodedError):
    """--years is not A-B."""

    code = "RUN-09"
    exit = Exit.USAGE
    cause = "the years can't be read"
    cure = "Write one year (2024) or a span of full calendar years (2016-2024)"


class OptionsDisagree(CodedError):
    """Two options of a command exclude each other, or one is missing."""

    code = "RUN-11"
    exit = Exit.USAGE
    cause = "the options don't fit together"
    cure = "See the command's --help"


class FileMissing(CodedError):
    """A file that a command names is not there, is a folder, or can't be read."""

    code = "RUN-12"
    exit = Exit.INPUT
    cause = "a file that the command names can't be read"
    cure = "Check the name and the permissions; a folder is not taken for a file"


class ServerUnavailable(CodedError):
    """The Prefect server did not answer."""

    code = "FLOW-01"
    exit = Exit.INTERNAL
    cause = "the Prefect server did not answer"
    cure = "Check PREFECT_API_URL and the server, or run the same stages with --no-orchestrator"


class FlowFailed(CodedError):
    """A flow ended in a way that no stage explains."""

    code = "FLOW-02"
    exit = Exit.INTERNAL
    cause = "the flow ended without a result"
    cure = "See the local log of the home, then resume the release"


class OpensslMissing(CodedError):
    """The openssl program is not installed."""

    code = "DEMO-01"
    exit = Exit.INTERNAL
    cause = "the openssl program is missing, or refused to open the package"
    cure = "Install OpenSSL 3.0 or newer; recipients need it too"


class CohortColumnsUnknown(CodedError):
    """A cohort file has columns that nobody mapped."""

    code = "INTAKE-01"
    exit = Exit.INPUT
    cause = "the cohort file has columns that are neither standard nor mapped"
    cure = "Map them with --columns MAP.toml or leave them out of the file; positions count from 1"


class CohortHasNoIdentifier(CodedError):
    """A cohort file has no column by which a person could be found."""

    code = "INTAKE-02"
    exit = Exit.INPUT
    cause = "the cohort file has no column that could identify a person"
    cure = "It needs a last name with a birth date or an address, a social security number, or a licence"


class CohortTooLong(CodedError):
    """More rows than the project registered."""

    code = "INTAKE-03"
    exit = Exit.REFUSED
    cause = "the cohort has more rows than the application allows (§ 963(a)(3)(A))"
    cure = "Shorten the cohort, or have the application amended"


class CohortNotStored(CodedError):
    """The cohort's stored copy is missing."""

    code = "INTAKE-04"
    exit = Exit.INTEGRITY
    cause = "the stored copy of the project's cohort is missing or its key was forgotten"
    cure = "Register the cohort again with `doj-release project cohort`"


class FileExists(CodedError):
    """A file that a command should write is there already."""

    code = "RUN-13"
    exit = Exit.USAGE
    cause = "the file to write is there already"
    cure = "Name a new file: nothing was overwritten"


class ApplicationMissing(CodedError):
    """A project without a readable application."""

    code = "RUN-14"
    exit = Exit.REFUSED
    cause = "the project has no approved application at hand"
    cure = "Have an application approved first"


class HistoryMoved(CodedError):
    """Another aggregate was published between a table's making and its hand-over."""

    code = "RUN-15"
    exit = Exit.FAILED
    cause = "another table of this system was published since this one was made, so its audit no longer covers what is known"
    cure = "Withdraw this release and order it again: it is then protected together with the other"


class RecipientGone(CodedError):
    """A key that was sealed to is no longer usable."""

    code = "RUN-16"
    exit = Exit.REFUSED
    cause = "a key that the package was sealed to has expired or was revoked meanwhile (§ 964(c))"
    cure = "Withdraw this release and order it again for the keys that are in force"


class NothingToReview(CodedError):
    """A release without doubtful pairs."""

    code = "RUN-17"
    exit = Exit.USAGE
    cause = "this release has no doubtful pairs to review"
    cure = "See where it stands with `doj-release release show RELEASE`"


class DemoStopped(CodedError):
    """A release of the demonstration did not go as it should."""

    code = "DEMO-02"
    exit = Exit.INTERNAL
    cause = "a release of the demonstration stopped early"
    cure = "See `doj-release release list` on the demo home, and its logs"


class AuthFileUnsafe(CodedError):
    """The file of the Prefect server's password can be read by others, or holds none."""

    code = "HOME-09"
    exit = Exit.REFUSED
    cause = "the file of the Prefect server's password is open to others, or is not name:password"
    cure = "chmod 600 it; settings.toml names it (orchestration.auth_file)"


class HomeNewer(CodedError):
    """The home was upgraded by a later version of this software."""

    code = "HOME-21"
    exit = Exit.USAGE
    cause = "this home belongs to a later version of doj-release"
    cure = "Use that version; no home is taken back to an earlier one, restore a backup for that"
