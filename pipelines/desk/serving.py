"""How the desk is served: by the person who starts it, on loopback or a Unix socket, for themselves; or standing, for several people.

A browser's cookies know no ports: any other server of this machine would be sent them. So the desk is reached by a name of its own
under `.localhost` (RFC 6761, which browsers resolve to this machine by themselves), new at each start.
"""

import logging
import os
import secrets
import socket
import stat
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from pipelines import signals
from pipelines.desk.errors import PlaceTaken
from pipelines.desk.pages import TOPICS
from pipelines.desk.standing import Standing, tls_of
from pipelines.desk.visitors import OneTimeCode, SignedIn
from pipelines.desk.web import Desk, application
from pipelines.home import Home

PORT = 8321
_ENDS = 1.5  # seconds that answers which are under way have after a signal
_VISITORS = 64  # requests at a time


@dataclass(frozen=True)
class Address:
    """Where a desk is, for the one browser that it opens to."""

    url: str
    port: int | None
    socket: Path | None


def serve_own(
    home: Home,
    announce: Callable[[Address], None],
    again: Callable[[], bool],
    *,
    port: int = PORT,
    place: Path | None = None,
) -> None:
    """Serve the desk to whoever runs this process, until a signal comes.

    Args:
        home: the home.
        announce: is handed each address that opens the desk once: at the start, and another after that.
        again: waits until another is asked for; false where nobody can.
        port: of 127.0.0.1; 0 takes any that is free.
        place: a Unix socket instead, made with mode 0600, for who forwards it by SSH.

    Raises:
        PlaceTaken: the port is in use, or something lies at the socket's place.
        Stopped: a signal came.
    """
    name, code = f"{secrets.token_hex(8)}.localhost", OneTimeCode()
    limits = home.settings().desk
    visitors = SignedIn(limits.idle_minutes * 60, limits.longest_hours * 3600)
    desk = Desk(home, frozenset({name}), visitors, code=code)
    with _listening(port, place) as listener:
        number = None if place else int(listener.getsockname()[1])

        def said() -> None:
            shown = number or PORT  # a forwarded socket has the port that its user gives it
            announce(Address(f"http://{name}:{shown}/open#{code.renew()}", number, place))

        with _served(desk, listener):
            said()
            threading.Thread(target=_more, args=(again, said), daemon=True, name="more").start()
            threading.Event().wait()


def serve_standing(home: Home, announce: Callable[[Address], None]) -> None:
    """Serve the desk to everybody who signs in, by TLS 1.3 with the settings' certificate, until a signal comes.

    Args:
        home: the home, whose settings say where.
        announce: is handed the desk's address once it answers.

    Raises:
        StandingUnusable: the settings name no origin, certificate or key that can be used.
        PlaceTaken: the port is in use, or the address is none of this machine's.
        Stopped: a signal came.
    """
    chosen = home.settings().desk
    standing, context = Standing.of(chosen), tls_of(chosen)
    visitors = SignedIn(chosen.idle_minutes * 60, chosen.longest_hours * 3600)
    hosts = frozenset({standing.site.name})
    desk = Desk(home, hosts, visitors, scheme="https", standing=standing)
    with (
        _listening(chosen.port, None, chosen.address) as listener,
        _served(desk, listener, ssl_context_factory=lambda _config, _default: context),
    ):
        announce(Address(f"{standing.site.origin}/", int(listener.getsockname()[1]), None))
        threading.Event().wait()


def _more(again: Callable[[], bool], said: Callable[[], None]) -> None:
    while again():
        said()


@contextmanager
def _listening(
    port: int, place: Path | None, address: str = "127.0.0.1"
) -> Generator[socket.socket]:
    """A socket that listens: nobody else's, and gone afterwards."""
    family = socket.AF_UNIX if place else socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            if place is None:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((address, port))
            else:
                before = os.umask(0o177)
                try:
                    listener.bind(str(place))
                finally:
                    os.umask(before)
        except OSError:
            raise PlaceTaken from None
        listener.listen(_VISITORS)
        try:
            yield listener
        finally:
            if place is not None and place.exists() and stat.S_ISSOCK(place.lstat().st_mode):
                place.unlink()


@contextmanager
def _served(desk: Desk, listener: socket.socket, **more: object) -> Generator[None]:
    """Answer in a thread: signals are heard by the main one, as of every command.

    No line of a log has an address or a value: there is none.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    configured = uvicorn.Config(
        application(desk, TOPICS),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=_VISITORS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=1,
        **more,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(configured)
    threading.Thread(target=desk.read_ahead, daemon=True, name="ahead").start()
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True, name="desk")
    thread.start()
    try:
        with signals.patient(_ENDS + 1):
            yield
    finally:
        server.should_exit = True
        thread.join(_ENDS)
