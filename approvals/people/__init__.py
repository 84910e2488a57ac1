"""Who acts: the operating system's user, mapped to a person by a file of the administrator's."""

from approvals.people.errors import NothingToConfirm, SwitchNotConfirmed
from approvals.people.people import People, Person, acting_person, check_role, two_people_required

__all__ = [
    "NothingToConfirm",
    "People",
    "Person",
    "SwitchNotConfirmed",
    "acting_person",
    "check_role",
    "two_people_required",
]
