"""What the file of people, roles, second persons and switches refuse."""

from errors import CodedError, Exit


class NothingToConfirm(CodedError, code="APPROVAL-07", exit=Exit.REFUSED):
    cause = "nothing that waits for a second person fits this"
    cure = "Register it first; `doj-release project show` lists what waits"


class PeopleFileMissing(CodedError, code="PEOPLE-01", exit=Exit.REFUSED):
    cause = "the file people.toml of this home is missing or can't be read"
    cure = "The administrator writes it: one [[person]] for each operating-system user"


class PeopleFileUnsafe(CodedError, code="PEOPLE-02", exit=Exit.REFUSED):
    cause = "people.toml or its folder can be written by somebody who is not the administrator"
    cure = "It must belong to root or to the home's owner and be closed to others (chmod go-w)"


class UnknownPerson(CodedError, code="PEOPLE-03", exit=Exit.REFUSED):
    cause = "the operating system's user is not in people.toml"
    cure = "Ask the administrator to add a [[person]] for this user"


class PeopleFileWrong(CodedError, code="PEOPLE-04", exit=Exit.REFUSED):
    cause = "people.toml has an entry that can't be used"
    cure = "Each [[person]] has id, name, user and roles; ids and users stand once"


class SamePerson(CodedError, code="PEOPLE-05", exit=Exit.REFUSED):
    cause = "this step takes a second person"
    cure = "Somebody other than the person who did the first step must do it"


class RoleMissing(CodedError, code="PEOPLE-06", exit=Exit.REFUSED):
    cause = "this person has none of the roles that may do this"
    cure = "Somebody with one of these roles must do it, or the administrator adds the role"


class SwitchNotConfirmed(CodedError, code="APPROVAL-42", exit=Exit.REFUSED):
    cause = "settings are less cautious than their defaults and were not confirmed by two people"
    cure = "`doj-release switch override NAME`, then another person `switch confirm NAME`"
