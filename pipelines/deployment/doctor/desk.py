"""What a standing desk needs so that nobody is locked out of what has to be signed there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from approvals.passkeys import CONFIRMERS, in_force
from crypto.passkeys import Site
from pipelines import home as homes
from pipelines.deployment.doctor.finding import Finding, judged
from pipelines.deployment.doctor.outside import until
from pipelines.session import Session, today

_WHAT = "passkeys"
_NOTICE = timedelta(days=14)  # before decisions have to be signed
_TWO = 2  # of those who confirm, so that one who lost theirs gets another


def check_desk(home: homes.Home) -> Iterator[Finding]:
    """See that the desk's certificate holds, and that those who decide have passkeys of this desk before they have to sign with them.

    Raises:
        CodedError: the ledger, the keyring or the people can't be read.
    """
    settings = home.settings().desk
    site = Site.of(settings.origin)
    if settings.certificate_file:
        yield until("desk's certificate", Path(settings.certificate_file))
    with Session(home) as session:
        since = session.signed_since()
        if site is None:
            wrong = "desk.passkeys_from is set, and desk.origin names no desk to sign at"
            if since is not None:
                yield Finding(_WHAT, "bad", wrong)
            return
        have = {one.person for one in in_force(session.ledger) if one.site == site.place}
        people = [p for p in session.people.persons if p.active and p.id in have]
    approve = [p for p in people if "approver" in p.roles]
    confirm = [p for p in people if p.roles & CONFIRMERS]
    missing = [
        *(["no approver has one in force"] if not approve else []),
        *(["fewer than two who confirm have one"] if len(confirm) < _TWO else []),
    ]
    good = f"{len(people)} people have one in force, {len(approve)} of them approve"
    soon = since is not None and since <= today() + _NOTICE
    bad = f"{'; '.join(missing)}: `doj-release passkey invite PERSON`"
    yield judged(_WHAT, missing, bad, good, "bad" if soon else "note")
