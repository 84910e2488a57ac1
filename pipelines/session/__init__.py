"""One command's or one stage's opened home: keyring, ledger, people, projects and registers.

It knows where each of them is, opens it when it is first asked for, and says which settings two people confirmed. It holds no rule
of its own, and no release.
"""

from pipelines.session.session import CALIFORNIA, Session, open_session, set_of, today
from pipelines.session.switches import (
    check_switches,
    confirm_setting,
    override_setting,
    switch_overview,
)
