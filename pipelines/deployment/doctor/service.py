"""What ``doctor`` looks at where a home is a service: its format, its room, its deployments, its worker."""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, cast

from errors.coded import CodedError
from pipelines.deployment.doctor.doctor import Finding
from pipelines.home import FORMAT, Home, unfinished

DEPLOYMENTS = ("release/release", "refresh/refresh-aggregates", "remind/remind")
POOL = "doj-release"
_LEAST = 1 << 30  # bytes: below it the next register or release hardly fits
_DAY = 24 * 3600


def service(home: Home) -> Iterator[Finding]:
    """Look at a home as those who operate it must."""
    found = home.format
    yield Finding(
        "home's format",
        "good" if found == FORMAT else "note",
        str(found) if found == FORMAT else f"{found}, today's is {FORMAT}: `doj-release upgrade`",
    )
    yield _room(home)
    old = sum(1 for age in unfinished(home) if age > _DAY)
    yield Finding(
        "unfinished files",
        "note" if old else "good",
        f"{old} of processes that are gone: `remind` removes them, is it scheduled?"
        if old
        else "none older than a day",
    )
    if url := os.environ.get("PREFECT_API_URL") or home.settings().orchestration.api_url:
        yield from _deployments(home, url.rstrip("/"))


def _room(home: Home) -> Finding:
    free = shutil.disk_usage(home.root).free
    newest = max((_size(p) for p in home.register.glob("*/[A-Z]*")), default=0)
    enough = free > max(_LEAST, 2 * newest)
    told = f"{free / 2**30:.1f} GiB free; newest register {newest / 2**30:.1f} GiB"
    return Finding("room on the disk", "good" if enough else "bad", told)


def _size(folder: Any) -> int:
    return sum(p.stat().st_size for p in folder.glob("*") if p.is_file())


def _deployments(home: Home, url: str) -> Iterator[Finding]:
    from pipelines.flows import password

    try:
        secret = password(home)
    except CodedError:
        return  # told by the finding about the password
    yield from _telemetry(url, secret)
    known = [name for name in DEPLOYMENTS if _asked(f"{url}/deployments/name/{name}", secret)]
    missing = [name for name in DEPLOYMENTS if name not in known]
    yield Finding(
        "deployments",
        "bad" if missing else "good",
        f"not there: {', '.join(missing)}; `prefect --no-prompt deploy --all`"
        if missing
        else f"{len(known)} of {len(DEPLOYMENTS)}",
    )
    pool = _asked(f"{url}/work_pools/{POOL}", secret)
    status = str(pool.get("status", "")) if pool else ""
    told = {
        "READY": ("good", "a worker asks for work"),
        "PAUSED": ("note", "paused: nothing is run"),
        "": ("bad", f"`prefect work-pool create {POOL} --type process`"),
    }
    state, detail = told.get(status, ("bad", f"no worker: `prefect worker start --pool {POOL}`"))
    yield Finding("work pool", cast("Any", state), detail)


def _telemetry(url: str, secret: str | None) -> Iterator[Finding]:
    """A standing server is started by its own unit, and would report home unless that says no."""
    said = _asked(f"{url}/admin/settings", secret).get("server")
    what = "Prefect server's telemetry"
    if not isinstance(said, dict) or "analytics_enabled" not in said:
        yield Finding(what, "note", "the server does not say whether it reports home")
        return
    on = bool(cast("dict[str, object]", said)["analytics_enabled"])
    told = "on: start it with PREFECT_SERVER_ANALYTICS_ENABLED=false" if on else "off"
    yield Finding(what, "bad" if on else "good", told)


def _asked(url: str, secret: str | None) -> dict[str, Any]:
    headers = {}
    if secret is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    try:
        with urllib.request.urlopen(  # noqa: S310
            urllib.request.Request(url, headers=headers),  # noqa: S310
            timeout=5,
        ) as answer:
            return dict(json.loads(answer.read()))
    except (urllib.error.URLError, OSError, ValueError):
        return {}
