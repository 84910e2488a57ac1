"""The one settings file of a home: every number and switch with its unit, section and reason."""

import json
import tomllib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from errors import nearest
from pipelines.home.errors import SettingsUnusable
from systems import bounded
from systems.texts import in_one_line


class _Section(BaseModel):
    """One section; a field's description is its comment in a new home's file: unit, source (law or policy), reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    comments_at: ClassVar[int] = 30  # column at which the comments of a section begin

    @field_validator("*")
    @classmethod
    def _is_writing(cls, value: object) -> object:
        """A text in one line: it may stand in mails, pages and packages."""
        texts = cast("Sequence[object]", value) if isinstance(value, tuple) else (value,)
        if any(isinstance(one, str) and in_one_line(one) != one for one in texts):
            raise ValueError("controls or line ends")
        return value


# One line a setting, as in the file that is made of them.
# fmt: off


class Department(_Section):
    """Who releases."""

    comments_at: ClassVar[int] = 45

    name: str = "California Department of Justice, Research Services"
    contact: str = Field(default="datarequests@doj.ca.gov", description="policy; the address of § 964(h)(1) and of the process page")


class Disclosure(_Section):
    """What may be published of small groups (§§ 962(b), 964(f)(2))."""

    threshold: int = Field(default=10, ge=2, description="persons in a category; § 964(f)(2) binds publications, § 962(b) names no number: applied to our own tables by policy")
    zeros: Literal["published", "hidden"] = Field(default="published", description="published | hidden; § 964(f)(2) says fewer than ten, which zero is, but nobody is in an empty category; policy")
    singletons: bool = Field(default=True, description="true keeps small cells from somebody who knows to be alone in another cell, and subtracts it; false saves some hidden cells; § 964(f)(2) does not speak of it, § 964(f)(1)(E): no reasonable possibility of identification; policy")
    margin_weight: float = Field(default=0.5, ge=0, le=100, description="cells that hiding a total costs beyond one, for each dimension that it is a total of, and ten times that for a year's grand total, so that readers lose totals last; 0: the fewest hidden cells, whichever they are; § 962(b) names no choice; policy")
    county_exempt: Literal["none", "oneway"] = Field(default="none", description='none | oneway: publish a table by county and year alone whatever its counts; § 964(f)(2) names geography "other than state and county-level", none is the cautious reading; refused where anything else of those years has gone out; policy')
    person_role: Literal["respondent", "protected"] = Field(default="respondent", description="respondent | protected: whose persons are counted and held against the threshold; § 964(f)(2) says individuals; policy")
    method: Literal["suppress", "round", "cell_key"] = Field(default="suppress", description="suppress | round | cell_key: hide small cells of tables, or publish every cell with noise (random rounding; noise from the records' keys): for tables that would be mostly hidden; never mixed within a year; §§ 962(b), 964(f)(2); policy")
    rounding_base: Literal[3, 5, 10] = Field(default=10, description="3 | 5 | 10: method round goes up or down to a multiple; persons below the threshold to 0 or to its first multiple from the threshold on; § 964(f)(2); policy")
    noise_deviation: int = Field(default=15, ge=3, le=100, description="persons that method cell_key adds or takes away at most; well above the threshold, so that a 0 may stand for more; § 964(f)(2); policy")
    noise_variance: float = Field(default=10.0, gt=0, le=1000, description="persons², variance of method cell_key's noise from the threshold on: 3.2 persons; § 964(f)(2); policy")
    percentages: bool = Field(default=False, description="true adds a sheet of percentages to the workbook, derived from published counts alone; § 964(f)(2) names rates and frequencies; policy")
    late_records: Literal["show", "freeze", "auto"] = Field(default="show", description="show | freeze | auto: whether late records revise a closed year where no group below the threshold shows; show: a person approves every revision on its changes, auto: as release_approval says, freeze: never; policy, §§ 962(b), 964(f)(2)")
    row_k: int = Field(default=10, ge=1, description="persons who share every quasi-identifier of all their rows; policy, after the ten of § 964(f)(2)")
    row_measure: Literal["history", "row"] = Field(default="history", description="history | row: what row_k persons must share: all rows of a person, since one reference joins them, or single rows; § 962(h) asks for no PII and says nothing of histories: row is for counsel to allow; policy")
    row_max_share_below: float = Field(default=0.0, ge=0, le=1, description="share of persons in smaller groups, 0 to 1; policy, § 964(f)(1)(E): no reasonable possibility of identification")
    row_max_prosecutor: float = Field(default=0.1, gt=0, le=1, description="chance to single out a person known to be in the rows, 0 to 1: one in row_k; policy, § 964(f)(1)(E)")
    row_max_marketer: float = Field(default=0.1, gt=0, le=1, description="expected share singled out by matching everybody, 0 to 1; policy, § 964(f)(1)(E)")
    row_l: int = Field(default=2, ge=1, description="distinct values of a sensitive column among rows that look alike, 1 asks for none; not where every value of theirs is one that a fifth of all rows have: it is no news, or follows from the type of record; policy, § 964(f)(1)(E), after l-diversity (Machanavajjhala et al. 2007)")
    row_t: float = Field(default=0.8, gt=0, le=1, description="how far the shares of their values may be from those of all rows, 0 to 1, 1 asks for nothing: with 0.8 ten alike may not all have what fewer than a fifth have, and chance among ten does not refuse; policy, after t-closeness (Li et al. 2007)")
    row_risk: Literal["warn", "refuse"] = Field(default="refuse", description="refuse | warn where rows are above these limits (or above those of a project that names its own with a reason); policy")
    row_local_suppression: bool = Field(default=False, description="true empties cells of rare persons in every de-identified release, false only where an approval or an order says so; policy")
    linkage_rates: bool = Field(default=False, description='true adds to an identified package how many rows of coarse groups were matched, and how many matches are expected to be missed or wrong, in whole percent of ten persons or more on both sides, for the assessment of bias (Gilbert et al. 2018, GUILD); § 963(a)(3)(A) speaks of what the researcher provided; question "linkage-rates"')
    exclusions_released: tuple[str, ...] = Field(default=(), description='rows that stay out unless named here: "confidential_minor" (court order, DV-160, CH-160), "safe_at_home" (Gov. Code § 6205 ff.); policy')


class Drift(_Section):
    """How far categories may move, as the share of rows in another category than before."""

    limit_release: float = Field(default=0.10, gt=0, le=1, description="share of rows that would have to be in another category to be as in the project's last release, chance allowed for; policy")
    limit_register: float = Field(default=0.05, gt=0, le=1, description="the same, of a de-identified extract against the register's orders in scope: it should be them; policy")
    limit_cohort: float = Field(default=0.40, gt=0, le=1, description="the same, of an identified extract: a cohort is chosen, so that only the grossest errors show; policy")
    action: Literal["warn", "refuse"] = Field(default="warn", description="warn | refuse when a column moved further; policy")


class Registers(_Section):
    """How far a snapshot may be from the one before it; one that fails waits for a second person."""

    comments_at: ClassVar[int] = 37

    missing_tables: Literal["hold", "tell"] = Field(default="hold", description="hold | tell: a table that is not there and that the last snapshot had, at a first load the system's description; policy, since it would be the default of new orders")
    fall_percent: float = Field(default=5.0, ge=0, le=100, description="% of the records (orders, arrests …), entries or persons of the last snapshot that may be missing from their number; policy: a register grows")
    growth_percent: float = Field(default=50.0, ge=0, description="% that they may be more: a file that came twice, or another period; policy")
    table_fall_percent: float = Field(default=20.0, ge=0, le=100, description="% of the rows of any other table that may be missing from their number; policy")
    vanished_percent: float = Field(default=1.0, ge=0, le=100, description="% of the last snapshot's records that may be gone, by their key: records are purged or sealed one by one; policy")
    changed_percent: float = Field(default=20.0, ge=0, le=100, description="% of them that may have another value in any column; policy")
    year_fall_percent: float = Field(default=5.0, ge=0, le=100, description="% of a calendar year's records that may be missing from their number, chance allowed for; policy: late records add to a year")
    empty_points: float = Field(default=5.0, ge=0, le=100, description="percentage points that the share of empty values of a column may move, chance allowed for; policy, as drift.limit_register")
    code_points: float = Field(default=5.0, ge=0, le=100, description="the same of the share of a code among a column's values")
    range_years: int = Field(default=1, ge=0, le=200, description="years that the dates of a column may begin later, or end earlier, than before; policy: what retention rules take away in a year")
    silent_days: int = Field(default=60, ge=0, le=3660, description="days without a record before the load, 0: not looked at, nor is a made-up register; policy: loads are monthly")


class Linkage(_Section):
    """How sure a link has to be."""

    threshold: float = Field(default=0.90, gt=0.5, lt=1, description="probability of a link after competition; policy")
    review_from: float = Field(default=0.50, gt=0, lt=1, description="probability from which a pair that is no link goes to a reviewer; policy")
    never_link: tuple[Literal["birth", "suffix", "sex", "twin", "number", "names"], ...] = Field(default=("birth", "suffix", "sex", "twin", "number", "names"), description="pairs that go to a reviewer at best: other birth dates without a number, or none and perhaps a son; junior and senior; brother and sister, or two first names, of one birth and home; other numbers; names alone; policy")
    model: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$", description="empty: the shipped prior; else the name of a file in this home that `match --save-model` wrote, which runs start from; policy")
    placeholders: tuple[str, ...] = Field(default=(), description='such as "TBD": further values of any column that mean "none", beside those that are known or found by how many share them')
    nicknames: tuple[tuple[str, ...], ...] = Field(default=(), description='such as ["Chuyito", "Jesus"]: further first names that are used for one another')
    doubtful: Literal["wait", "exclude"] = Field(default="wait", description="wait | exclude: what a run does with doubtful pairs; policy")


class Review(_Section):
    """How doubtful pairs are reviewed, and rows of a cohort that look like one person."""

    second_share: float = Field(default=0.10, ge=0, le=1, description="share of a release's questions that a second reviewer answers without seeing the first answer, every near-tie besides; drawn under this home's key; 0: none; policy: § 963(a)(3) names no review")
    hide_probability: bool = Field(default=True, description="true: a reviewer sees a pair's probability when they have decided on it, not before; policy")
    alike_rows: int = Field(default=3, ge=0, le=10, description="rows of a group that look like one person that two reviewers may call different people, who are looked for then; larger groups stay withheld, so that a list of guesses is not answered; 0: none; policy")
    alike: Literal["offer", "wait"] = Field(default="offer", description="offer | wait: withheld rows are settled while a run waits for its doubtful pairs, or make it wait by themselves, too; policy")
    feeds_model: bool = Field(default=False, description="true: the linkage of a project's next identified releases learns from what reviewers settled in its earlier ones, as counts of how pairs agreed; never another project's; policy")


class Release(_Section):
    """Who lets a release go, and how it is cut."""

    release_approval: Literal["second_person", "auto"] = Field(default="second_person", description="second_person | auto (auto: scheduled aggregates only); policy")
    approval_names_report: bool = Field(default=False, description="true: an approver names the report that they read, by its digest or its file; at a terminal it is asked for; false: the attached one is meant, unchanged; policy")
    part_mebibytes: int = Field(default=256, ge=4, le=256, description="MiB of plaintext in one sealed part; `openssl cms -decrypt` holds a part in memory")
    require_fips: bool = Field(default=False, description="true refuses to start without FIPS mode; CJIS Security Policy 5.10.1.2")
    background_check_deidentified: bool = Field(default=True, description="policy: the process page asks it of all, § 966(e) of identified data only")


class Approvals(_Section):
    """What the regulation leaves open about approvals; the defaults are the cautious readings."""

    comments_at: ClassVar[int] = 37

    review_required: bool = Field(default=False, description="true: nothing is approved without a recorded review by another person; policy, § 962(c)-(d), (k)")
    regulation_text: Literal["adopted", "third_modifications"] = Field(default="adopted", description='adopted | third_modifications: the text that is followed where they differ; the adopted code has the inspections of § 968(a)-(b), which the modifications strike out; question "inspection"')
    public_agency_individual_level: bool = Field(default=False, description='Pen. Code § 14231.5 lets the Department choose, § 963(b) reads as Entity; question "public-agency"')
    opened_kinds: tuple[str, ...] = Field(default=(), description='such as "CURES.identified": kinds that a system holds back until counsel has answered')
    team_affiliation: Literal["all", "researcher"] = Field(default="all", description='all | researcher: who must be an employee of the institution; § 966(d) is ambiguous; question "team-affiliation"')
    affiliation_letter: bool = Field(default=True, description='§ 966(d): the letterhead letter besides the certificates; question "affiliation-letter"')
    member_acknowledgments: bool = Field(default=False, description="true: every member acknowledges § 964; policy, the regulation asks the researcher alone")
    soft_papers: bool = Field(default=True, description="papers that a system asks for by policy, not by law")
    checks_by_two: bool = Field(default=False, description="true: a background check or a verified identity counts when a second person has confirmed it; policy, § 966(e), process page")
    check_valid_days: int = Field(default=0, ge=0, le=3660, description='days that a background check without an expiry date is good for; 0: no limit, § 966(e) names none; question "check-age"')
    timeframe_years: int = Field(default=10, ge=1, le=100, description='years that a timeframe for obtaining data may be long without a reason in the application; § 964(b) names no limit; question "timeframe-length"')
    department_days: Literal["19853", "6700", "both"] = Field(default="19853", description="19853 | 6700 | both: holidays that stop the Department's own clocks; question \"business-day\"")
    waiting_days: Literal["19853", "6700", "both"] = Field(default="both", description="the same for the wait before a publication, § 964(g)")
    evidence_notice_days: int = Field(default=90, ge=0, le=365, description="days before a review board's approval or other evidence ends; policy, as for the approval")
    review_notice_days: int = Field(default=7, ge=0, le=60, description="days before the Department's own deadline at which a reminder is written; policy")


class Mail(_Section):
    """The SMTP server that takes the letters; without a host none is sent."""

    comments_at: ClassVar[int] = 37

    host: str = Field(default="", description="empty: letters are written and none is sent")
    port: int = Field(default=587, ge=1, le=65535, description="587 with starttls, 465 with tls")
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="starttls | tls | none (none: a server on this machine alone, without a login)")
    ca_file: str = Field(default="", description="PEM of the authority that signed the server's certificate; empty: the system's")
    user: str = Field(default="", description="empty: no login")
    password_file: str = Field(default="", description="a file with the password, closed to others (chmod 600)")
    sender: str = Field(default="datarequests@doj.ca.gov", description="From")
    department: str = Field(default="", description="where the Department's own reminders go; empty: the contact above")
    to_applicants: bool = Field(default=False, description="true: letters to researchers go to them; false: to the Department, for a person to look at and send")
    timeout_seconds: int = Field(default=30, ge=1, le=300)


class Notices(_Section):
    """Who is told when a release waits, is refused, breaks or goes out: by ids, kind, state, stage and code, never a person."""

    comments_at: ClassVar[int] = 37

    states: tuple[Literal["waiting", "refused", "broken", "released"], ...] = Field(default=("waiting", "refused", "broken", "released"), description="what is told of; broken: whatever else stops a run, a failed validation too")
    mail_to: tuple[str, ...] = Field(default=(), description="addresses that get a mail each, through the server of [mail]; empty: none")
    url_file: str = Field(default="", description="a file with the https:// address that takes a POST of JSON, closed to others (chmod 600) since such addresses are secrets; http:// to this machine alone; empty: none")
    token_file: str = Field(default="", description="a file with what `Authorization: Bearer` says there, closed to others; empty: nothing")
    ca_file: str = Field(default="", description="PEM of the authority that signed that server's certificate; empty: the system's")
    timeout_seconds: int = Field(default=10, ge=1, le=120, description="for connecting, and for each answer")
    attempts: int = Field(default=3, ge=1, le=10, description="tries at the end of a run; what is not taken waits 30 days for the next run and for `remind`")


class Storage(_Section):
    """Where things are kept."""

    ledger_url: str = Field(default="", description="empty: ledger.sqlite3 in this home; else a SQLAlchemy URL (PostgreSQL)")
    network_home: bool = Field(default=False, description="true lets the home lie on a network's file system (NFS, SMB …), whose server must hold locks and know users by the same numbers; policy")


class Bucket(_Section):
    """Where register and staging lie if not in the home: S3-compatible storage."""

    register_url: str = Field(default="", description="empty: snapshots lie in this home; else s3://bucket/prefix of S3-compatible storage (extra [s3]): what goes there is encrypted, the home's copies may be dropped (`bucket evict`)")
    staging_url: str = Field(default="", description="the same for what runs stage; another prefix")
    endpoint: str = Field(default="", description="empty: AWS, by region; else https://host:port of the server (http:// to this machine alone)")
    region: str = "us-west-1"
    ca_file: str = Field(default="", description="PEM of the authority that signed the server's certificate; empty: the system's")
    credentials_file: str = Field(default="", description="a file as ~/.aws/credentials ([default]), closed to others (chmod 600); empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment")
    patience_seconds: int = Field(default=30, ge=1, le=600, description="how long the server may take to answer, or stand still while it does")
    attempts: int = Field(default=4, ge=1, le=20, description="how often a request is tried")


class Time(_Section):
    """Who else says what time it is, before anything is ordered, approved or handed over (RFC 3161)."""

    comments_at: ClassVar[int] = 37

    authority_url: str = Field(default="", pattern=r"^(https?://[^\s@]+)?$", description="empty: this machine's clock and the ledger's last event alone; else http:// or https:// of a time-stamping authority")
    ca_file: str = Field(default="", description="PEM of the authority's certificate, or of the one that issued it")
    limit_seconds: int = Field(default=120, ge=1, le=3600, description="how far this machine's clock may be off, ahead or behind; policy, as between machines that share a ledger")
    unavailable: Literal["refuse", "warn"] = Field(default="refuse", description="refuse | warn where it does not answer: what may have expired is not decided by a clock that nobody compared; policy")
    timeout_seconds: int = Field(default=10, ge=1, le=120, description="for connecting, and for the answer")
    attempts: int = Field(default=3, ge=1, le=10, description="tries")


class Witness(_Section):
    """Where checkpoints of the ledger go that this service can't rewrite: daily, and at every approval and hand-over."""

    comments_at: ClassVar[int] = 37

    folder: str = Field(default="", description="a folder of another user with a file checkpoints.jsonl that this service may append to (chattr +a); empty: none")
    database_url: str = Field(default="", description="SQLAlchemy URL of a second database (PostgreSQL), whose role may INSERT and SELECT; empty: none")
    mail_to: tuple[str, ...] = Field(default=(), description="addresses, such as the security officer's, that get each by the server of [mail]; it can't be read back from there")
    unavailable: Literal["refuse", "warn"] = Field(default="refuse", description="refuse | warn where one can't be reached: what nobody saw can be taken back; policy")


class Retention(_Section):
    """How long the Department keeps what it no longer needs."""

    outbox_days: int = Field(default=90, ge=1, description="days that a sealed package stays in the outbox for delivery; policy: no section names a number")
    intake_days: int = Field(default=30, ge=1, description="days that a cohort is kept after the last release that used it; policy: no section names a number")
    register_days: int = Field(default=30, ge=1, description="days that a retired snapshot is kept that no release was ordered from; one that was used stays, for proof; policy: no section names a number")
    endings_by_two: bool = Field(default=False, description="true: a release is withdrawn or destroyed by two people: the first stops it at once, another carries it out; policy")


class Orchestration(_Section):
    """Which Prefect server runs the flows."""

    api_url: str = Field(default="", description="empty: Prefect's embedded server; else the address of a standing one")
    auth_file: str = Field(default="prefect/auth", description="name:password of the standing server, a file of mode 0600 (from this home, or an absolute path)")
    threads: int = Field(default=0, ge=0, description="worker threads of DuckDB; 0: as many as there are cores")


class Cluster(_Section):
    """Who works the shards of a large cohort, and the shares of its extract; without a scheduler this machine does."""

    scheduler: str = Field(default="", description="empty: shards of a cohort are worked on this machine; else tls://host:8786 of a Dask scheduler (extra [dask])")
    ca_file: str = Field(default="", description="PEM of the cluster's own authority: whoever has a certificate of it can run code on the workers")
    certificate_file: str = Field(default="", description="PEM of this machine's certificate")
    key_file: str = Field(default="", description="PEM of its private key, closed to others (chmod 600)")
    folder: str = Field(default="", description="a folder that the workers share (chmod 700); what lies there is encrypted and removed with the stage")
    secret_file: str = Field(default="", description="the file of `doj-release keys cluster`, of which each machine has a copy (chmod 600)")
    shard_rows: int = Field(default=250_000, ge=1, description="cohort rows worked together, here or by a worker; a cohort of no more stays on this machine; never changes a result")
    patience_seconds: int = Field(default=120, ge=5, le=3600, description="how long a scheduler may take to answer, or be without a worker")


class Files(_Section):
    """What a table from outside may be, and what reading it may take."""

    table_mebibytes: int = Field(default=8192, ge=1, description="MiB of a cohort's or register's file, and of its values once read: 30 million rows of a cohort have about 4096; policy")
    columns: int = Field(default=4096, ge=1, description="columns of such a table; policy")
    memory_mebibytes: int = Field(default=8192, ge=256, description="MiB that the process may take which reads Parquet and XLSX, besides the file itself; below this machine's memory; policy")
    seconds: int = Field(default=600, ge=1, description="s of processor time that reading one such file may take: a full sheet of 15 columns takes about 120; policy")


class Databases(_Section):
    """How a register's database on another machine is reached (`register load --from`)."""

    encryption: Literal["required", "optional"] = Field(default="required", description="required | optional: the server proves by a certificate that it is the one named (TLS); optional: on a line that nobody else can listen to; policy, CJIS Security Policy 5.10.1.2")
    ca_file: str = Field(default="", description="PEM of the authority that signed the server's certificate; empty: the system's; an address may name another (ca_file=)")
    timeout_seconds: int = Field(default=10, ge=1, le=120, description="for connecting and logging in")


class Desk(_Section):
    """The desk, where people review and sign in a browser (`doj-release desk`)."""

    comments_at: ClassVar[int] = 37

    idle_minutes: int = Field(default=15, ge=1, le=480, description="minutes without a step after which a visitor is signed out; CJIS Security Policy 5.5.5 names 30 at most")
    longest_hours: int = Field(default=10, ge=1, le=24, description="hours after which a visitor signs in again, whatever they do; policy: a working day")
    origin: str = Field(default="", max_length=72, pattern=r"^(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?)?$", description="https://host[:port] at which browsers reach a standing desk (`desk --standing`); empty: each starts their own. Passkeys are of this origin alone: with another one everybody registers again")
    address: str = Field(default="127.0.0.1", description="address on which a standing desk listens; 0.0.0.0: all of this machine's")
    port: int = Field(default=8443, ge=1, le=65535, description="and its port")
    certificate_file: str = Field(default="", description="PEM of the desk's certificate for that host, and of those between it and its authority")
    key_file: str = Field(default="", description="PEM of its private key, closed to others (chmod 600)")
    passkeys_from: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="day from which on approvals, and confirmations of cohorts, recipients' keys and passkeys, carry a passkey's signature, which `ledger verify` asks for: taken at the standing desk alone; a day to come; empty: never; policy")
    synced_passkeys: Literal["refuse", "allow"] = Field(default="refuse", description="refuse | allow passkeys that may leave their device (a phone's or a password manager's): whoever has the account has the key; NIST SP 800-63B; policy")
    invitation_hours: int = Field(default=24, ge=1, le=168, description="hours that a code is good for with which a person registers a passkey; policy")
    proxy_secret_file: str = Field(default="", description="a file with what a proxy in front, which verified a client's certificate (a smart card), says in the header X-Desk-Proxy; closed to others (chmod 600), 32 characters or more; empty: nobody comes in by a proxy")
    proxy_header: str = Field(default="X-Client-Subject", pattern=r"^[A-Za-z0-9-]{1,64}$", description="the header in which that proxy says the certificate's subject, and which it takes out of what clients send")
    certificates: tuple[tuple[str, str], ...] = Field(default=(), description='such as ["CN=Doe.Jane.1234567890,O=State of California", "jane-1"]: whose certificate a subject is, letter by letter as the proxy says it')

    @field_validator("passkeys_from")
    @classmethod
    def _is_day(cls, value: str) -> str:
        """Nothing, or a day of the calendar."""
        if value:
            date.fromisoformat(value)
        return value


class Operations(_Section):
    """What those who operate a home see of its runs."""

    log: Literal["off", "text", "json"] = Field(default="off", description="off | text | json: a line on stderr for each thing that happens in a run; DOJ_RELEASE_LOG overrides it")
    lock_memory: bool = Field(default=False, description="true keeps all memory of a process on this machine out of swap, and refuses to start where it may not (LimitMEMLOCK=infinity of a unit); false: pages of keys alone, where allowed; CJIS Security Policy 5.10.1.2")
    metrics_file: str = Field(default="", description="a file for node_exporter's textfile collector, outside the home to be readable; empty: logs/doj_release.prom")


# fmt: on


class Settings(_Section):
    """Everything of ``settings.toml``."""

    department: Department = Department()
    disclosure: Disclosure = Disclosure()
    drift: Drift = Drift()
    registers: Registers = Registers()
    linkage: Linkage = Linkage()
    review: Review = Review()
    release: Release = Release()
    approvals: Approvals = Approvals()
    mail: Mail = Mail()
    notices: Notices = Notices()
    storage: Storage = Storage()
    bucket: Bucket = Bucket()
    time: Time = Time()
    witness: Witness = Witness()
    retention: Retention = Retention()
    orchestration: Orchestration = Orchestration()
    cluster: Cluster = Cluster()
    files: Files = Files()
    databases: Databases = Databases()
    desk: Desk = Desk()
    operations: Operations = Operations()


def read_settings(path: Path) -> Settings:
    """Read and check ``settings.toml``.

    Raises:
        SettingsUnusable: it is missing, is not TOML, or names or values are unknown; all of
            the wrong settings are named at once.
    """
    try:
        return _of_text(path.read_text("utf-8"))
    except ValidationError as error:
        wrong = [".".join(str(part) for part in item["loc"]) for item in error.errors()]
        unknown = [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]
        meant = _nearest_setting(unknown[0]) if unknown else {}
        raise SettingsUnusable(settings=wrong, **meant) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SettingsUnusable(settings=["the whole file"]) from None


@lru_cache(4)
def _of_text(text: str) -> Settings:
    """The settings of a file's text: a command asks for them again and again, and the file is read each time."""
    return Settings.model_validate(bounded.toml(text))


def _nearest_setting(place: Sequence[int | str]) -> dict[str, str]:
    known = [f"{name}.{key}" for name, section in Settings() for key in type(section).model_fields]
    known += list(Settings.model_fields)
    return nearest(".".join(map(str, place)), known)


def _template() -> str:
    """The text of a new home's ``settings.toml``: every setting with its default, and its description as a comment."""
    lines = [
        "# Settings of this home. Every number and switch stands here with its unit, where it comes from",
        "# (law: the regulation says so; policy: the Department may choose) and why it is what it is.",
    ]
    for name, section in Settings():
        lines += ["", f"[{name}]"]
        for key, field in type(section).model_fields.items():
            line = f"{key} = {_toml(field.default)}"
            if field.description:
                line = f"{line.ljust(section.comments_at - 1)} # {field.description}"
            lines.append(line)
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else json.dumps(value)


TEMPLATE = _template()
