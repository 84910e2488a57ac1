"""The one settings file of a home: every number and switch with its unit, section and reason."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import SettingsUnusable


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Department(_Section):
    """Who releases."""

    name: str = "California Department of Justice, Research Services"
    contact: str = "datarequests@doj.ca.gov"


class Disclosure(_Section):
    """What may be published of small groups (§§ 962(b), 964(f)(2))."""

    threshold: int = Field(default=10, ge=2)
    zeros: Literal["published", "hidden"] = "published"
    county_exempt: Literal["none"] = "none"
    person_role: Literal["respondent", "protected"] = "respondent"
    row_k: int = Field(default=10, ge=1)
    row_risk: Literal["warn", "refuse"] = "warn"


class Linkage(_Section):
    """How sure a link has to be."""

    threshold: float = Field(default=0.90, gt=0.5, lt=1)
    doubtful: Literal["wait", "exclude"] = "wait"


class Release(_Section):
    """Who lets a release go, and how it is cut."""

    release_approval: Literal["second_person", "auto"] = "second_person"
    part_mebibytes: int = Field(default=256, ge=4, le=256)
    require_fips: bool = False
    background_check_deidentified: bool = True


class Storage(_Section):
    """Where things are kept."""

    ledger_url: str = ""


class Orchestration(_Section):
    """Which Prefect server runs the flows."""

    api_url: str = ""
    threads: int = Field(default=0, ge=0)


class Settings(_Section):
    """Everything of ``settings.toml``."""

    department: Department = Department()
    disclosure: Disclosure = Disclosure()
    linkage: Linkage = Linkage()
    release: Release = Release()
    storage: Storage = Storage()
    orchestration: Orchestration = Orchestration()


def read_settings(path: Path) -> Settings:
    """Read and check ``settings.toml``.

    Raises:
        SettingsUnusable: it is missing, is not TOML, or names or values are unknown; all of
            the wrong settings are named at once.
    """
    try:
        return Settings.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        wrong = [".".join(str(part) for part in item["loc"]) for item in error.errors()]
        raise SettingsUnusable(settings=wrong) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsUnusable(settings=["the whole file"]) from None


TEMPLATE = """\
# Settings of this home. Every number and switch stands here with its unit, where it comes from
# (law: the regulation says so; policy: the Department may choose) and why it is what it is.

[department]
name = "California Department of Justice, Research Services"
contact = "datarequests@doj.ca.gov"          # policy; the address of § 964(h)(1) and of the process page

[disclosure]
threshold = 10                # persons in a category; § 964(f)(2) binds publications, § 962(b) names no number: applied to our own tables by policy
zeros = "published"           # published | hidden; policy: nobody is in an empty category
county_exempt = "none"        # policy; § 964(f)(2) leaves state and county out of the count, the cautious reading does not
person_role = "respondent"    # respondent | protected: whose persons are counted; policy
row_k = 10                    # persons who share every quasi-identifier of a de-identified row; policy, § 964(f)(1)(E)
row_risk = "warn"             # warn | refuse when groups are smaller than row_k; policy: the regulation asks for no personal identifying information

[linkage]
threshold = 0.90              # probability of a link after competition; policy
doubtful = "wait"             # wait | exclude: what a run does with doubtful pairs; policy

[release]
release_approval = "second_person"   # second_person | auto (auto: scheduled aggregates only); policy
part_mebibytes = 256          # MiB of plaintext in one sealed part; `openssl cms -decrypt` holds a part in memory
require_fips = false          # true refuses to start without FIPS mode; CJIS Security Policy 5.10.1.2
background_check_deidentified = true # policy: the process page asks it of all, § 966(e) of identified data only

[storage]
ledger_url = ""               # empty: ledger.sqlite3 in this home; else a SQLAlchemy URL (PostgreSQL)

[orchestration]
api_url = ""                  # empty: Prefect's embedded server; else the address of a standing one
threads = 0                   # worker threads of DuckDB; 0: as many as there are cores
"""
