"""Short notices to those who operate a home: a release waits, was refused, broke or went out; by mail and to a web address.

A notice says ids, kind, state, stage and code, and the name of the report's file; never a value, a person or a path. It is kept
in ``logs/notices`` until everybody on its list has taken it: from the run that ended, from the next one, or from `remind`, so
that it comes at least once; its ``id`` tells a second copy. Nothing here changes how a run ended.
"""

import contextlib
import json
import re
import secrets
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from errors import Exit
from pipelines.errors import MailRefused, MailUnavailable
from pipelines.home import Home, Notices, Settings, locked, write_private
from pipelines.mail import Letter, is_here, post_office, read_secret
from pipelines.operations.errors import NoticeNotTaken, NoticeUnsafe

FOLDER = "notices"
_WEB = "web"
_KEPT = timedelta(days=30)  # then nobody wants to know any more
_PATIENCE = 120  # seconds for another process that hands over
_STAMP = "%Y%m%dT%H%M%S"
_OCCASIONS = {Exit.DONE: "released", Exit.WAITING: "waiting", Exit.REFUSED: "refused"}
Hand = Callable[[str, dict[str, str]], None]


@dataclass(frozen=True)
class Notice:
    """What happened: ids and words of ours; ``kind`` is a release's, or the flow's that came to none."""

    release: str
    project: str
    kind: str
    state: str
    stage: str
    code: str
    report: str = ""

    def as_json(self, number: str) -> dict[str, str]:
        """The body of a POST; ``text`` is what chat programs show, and what a letter says."""
        about = f"{self.release or self.kind} is {in_words(self.state).lower()}"
        where = ", ".join(filter(None, (self.project, self.kind, self.stage, self.code)))
        seen = f"; {self.report}: `doj-release release show {self.release}`" if self.report else ""
        return {"id": number, "text": f"{about} ({where}){seen}"} | asdict(self)


def in_words(name: str) -> str:
    """``WaitingForApproval`` as people read it."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda letter: f" {letter[0].lower()}", name)


def notify(home: Home, notice: Notice, ended: Exit) -> int:
    """Keep a notice for everybody on the list, and hand over what waits.

    Args:
        home: whose settings name the list, and the states that are told of.
        notice: what happened.
        ended: the exit code; a run that somebody else holds is not told of.

    Returns:
        How many notices wait for another try.
    """
    settings = home.settings()
    occasion = _OCCASIONS.get(ended, "broken")
    if ended is Exit.HELD or occasion not in settings.notices.states:
        return 0
    if everybody := _everybody(settings.notices):
        number = f"{datetime.now(UTC):{_STAMP}}-{secrets.token_hex(8)}"
        body = {"to": everybody, "body": notice.as_json(number)}
        write_private(home.logs / FOLDER / f"{number}.json", json.dumps(body))
    return hand_over_notices(home)


def hand_over_notices(home: Home) -> int:
    """Hand over what waits, oldest first; a channel that does not answer is left alone until the next call.

    Returns:
        How many notices wait for another try.
    """
    if not waiting_notices(home):
        return 0
    settings = home.settings()
    with locked(home.logs / FOLDER, wait=_PATIENCE):
        oldest = f"{datetime.now(UTC) - _KEPT:{_STAMP}}"
        for path in waiting_notices(home):
            if path.name < oldest:
                path.unlink()
        for way, channel in (("mail", _by_mail), (_WEB, _by_web)):
            with contextlib.suppress(MailUnavailable, NoticeNotTaken):
                _hand_over(home, way, partial(channel, settings))
    return len(waiting_notices(home))


def waiting_notices(home: Home) -> list[Path]:
    """The files of notices that were not taken, oldest first."""
    return sorted((home.logs / FOLDER).glob("[0-9]*.json"))


def unsafe_notices(settings: Notices) -> str:
    """What of the settings would give a secret away; empty where nothing would."""
    try:
        if settings.url_file:
            _address(settings)
        if settings.token_file:
            _secret(settings.token_file, "token_file")
    except NoticeUnsafe as error:
        return str(error.facts.get("what", ""))
    return ""


def _everybody(settings: Notices) -> list[str]:
    return [f"mail:{one}" for one in settings.mail_to] + [_WEB] * bool(settings.url_file)


def _hand_over(
    home: Home, way: str, channel: Callable[[], contextlib.AbstractContextManager[Hand]]
) -> None:
    """Hand one way's share of what waits to its channel, and strike off who has taken it."""
    known = _everybody(home.settings().notices)
    kept = [(path, json.loads(path.read_text("utf-8"))) for path in waiting_notices(home)]
    for path, item in kept:
        if any(one not in known for one in item["to"]):  # the settings have changed
            _strike(path, item, [one for one in item["to"] if one in known])
    mine = [(p, i, to) for p, i in kept for to in list(i["to"]) if to.partition(":")[0] == way]
    if not mine:
        return
    with channel() as hand:
        for path, item, to in mine:
            with contextlib.suppress(MailRefused, ValueError):  # of this address; others go
                hand(to.partition(":")[2], item["body"])
                _strike(path, item, [one for one in item["to"] if one != to])


def _strike(path: Path, item: dict[str, Any], left: list[str]) -> None:
    item["to"] = left
    if left:
        write_private(path, json.dumps(item))
    else:
        path.unlink()


@contextlib.contextmanager
def _by_mail(settings: Settings) -> Generator[Hand, None, None]:
    with contextlib.ExitStack() as stack:
        for _ in range(settings.notices.attempts - 1):
            with contextlib.suppress(MailUnavailable):
                send = stack.enter_context(post_office(settings.mail))
                break
            time.sleep(1)
        else:
            send = stack.enter_context(post_office(settings.mail))

        def hand(to: str, body: dict[str, str]) -> None:
            about = f"{body['release'] or body['kind']}: {in_words(body['state'])}"
            send(Letter(to, about, f"{body['text']}\n", f"notice.{body['id']}"))

        yield hand


@contextlib.contextmanager
def _by_web(settings: Settings) -> Generator[Hand, None, None]:
    """One POST a notice, tried again with growing pauses; no proxy, no redirect, no pause of the server's choice.

    Raises:
        NoticeUnsafe: see `_address`.
        NoticeNotTaken: by what is yielded; no answer, or none of the 200s.
    """
    import urllib3  # slow to import, and most homes have no such address

    chosen = settings.notices
    address = _address(chosen)
    headers = {"Content-Type": "application/json"}
    if chosen.token_file:
        headers["Authorization"] = f"Bearer {_secret(chosen.token_file, 'token_file')}"
    again = urllib3.Retry(
        chosen.attempts - 1, redirect=0, allowed_methods=None, backoff_factor=0.5, respect_retry_after_header=False,
        status_forcelist=(408, 429, 500, 502, 503, 504), raise_on_status=False, raise_on_redirect=False,
    )  # fmt: skip
    with urllib3.PoolManager(
        ca_certs=chosen.ca_file or None, timeout=chosen.timeout_seconds, retries=again
    ) as pool:

        def hand(_to: str, body: dict[str, str]) -> None:
            marked = headers | {"Idempotency-Key": body["id"]}
            try:
                answer = pool.request("POST", address, body=json.dumps(body), headers=marked)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise NoticeNotTaken(kind=type(error).__name__) from None
            if answer.status // 100 != 2:
                raise NoticeNotTaken(status=answer.status)

        yield hand


def _address(settings: Notices) -> str:
    """The web address of the file.

    Raises:
        NoticeUnsafe: the file can be read by others or not at all, or it is no https:// (http:// of this machine).
    """
    address = _secret(settings.url_file, "url_file")
    try:
        parts = urlsplit(address)
        here = parts.scheme == "http" and is_here(parts.hostname or "")
        if (parts.scheme == "https" or here) and parts.hostname and parts.port != 0:
            return address
    except ValueError:
        pass
    raise NoticeUnsafe(what="url_file wants https://, or http:// to this machine")


def _secret(path: str, name: str) -> str:
    if (text := read_secret(Path(path))) is None:
        raise NoticeUnsafe(what=f"{name} can be read by others, or not at all")
    return text
