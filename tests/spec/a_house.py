"""The home of the story: its people, a synthetic register, the papers that come in."""

from datetime import UTC, date, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from approvals.application.reading import example_application
from tests.spec.story import Frozen, Story

PEOPLE = """\
[[person]]
id = "p-erin"
name = "Erin Example"
user = "erin"
roles = ["engineer"]

[[person]]
id = "p-rory"
name = "Rory Example"
user = "rory"
roles = ["reviewer"]

[[person]]
id = "p-avery"
name = "Avery Example"
user = "avery"
roles = ["approver"]

[[person]]
id = "p-chen"
name = "Chen Example"
user = "chen"
roles = ["approver"]

[[person]]
id = "p-sid"
name = "Sid Example"
user = "sid"
roles = ["security", "administrator"]
"""


def house(story: Story) -> None:
    """A home with a synthetic register of 300 orders and nothing else; not part of the page."""
    from synthetic.cohorts import make_cohort
    from synthetic.registers.system import make_system

    Frozen.day = date(2026, 1, 5)
    from pipelines.deployment.init import init_home

    init_home(story.home)
    (story.home / "people.toml").write_text(PEOPLE)
    made = make_system("CARPOS", story.folder / "source", records=300, seed=11)
    make_cohort(
        story.folder, made, rows=40, share_with_order=0.6, seed=11, families=("GV", "DV", "CH")
    )
    files = " ".join(str(p) for p in sorted((story.folder / "source").glob("*.parquet")))
    story.does("erin", f"register load CARPOS {files}", shown=False)
    for member in ("lead", "analyst"):
        (story.folder / f"{member}.pem").write_bytes(certificate_of(member))
    for name in ("letter", "finding", "decision", "request", "order", "certificate", "draft"):
        (story.folder / f"{name}.pdf").write_bytes(b"%PDF-1.7 " + name.encode())
    (story.folder / "reasons.txt").write_text(
        "Four columns are asked for without a word on which question they answer.\n\n"
        "The outline names no person who would analyse them.\n"
    )
    text = example_application("standard", on=date(2026, 1, 12))
    text = text.replace('order_scope = ["GV"]', 'order_scope = ["GV", "DV", "CH"]')
    (story.folder / "application.toml").write_text(text)
    (story.folder / "second.toml").write_text(
        text.replace('title = "', 'title = "A second study: ', 1)
    )
    changed = text.replace('request = "new"     ', 'request = "modified"').replace(
        '# modifies = "2026-001"', 'modifies = "2026-001"'
    )
    changed = changed.replace("date_of_request = 2026-01-12", "date_of_request = 2027-02-12")
    column = '[[variables]]\nname = "order_brady"\nneed = "Whether firearms were prohibited."\n\n'
    (story.folder / "amended.toml").write_text(
        changed.replace("[[variables]]", column + "[[variables]]", 1)
    )
    wrong = text.replace('employment = "employee"  ', 'employment = "consultant"', 1)
    wrong = wrong.replace("end = 2028-01-12", "end = 2025-01-12")
    wrong = wrong.replace('system = "CARPOS"', 'system = "CARPUS"')
    wrong = wrong.replace('degree = "doctorate"', "", 1)
    assert all(part in wrong for part in ('consultant"', "2025-01-12", "CARPUS"))
    (story.folder / "wrong.toml").write_text(wrong)


def certificate_of(member: str) -> bytes:
    """A recipient's certificate that is in force on every day of the story."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Recipient {member}")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2035, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA384())
    )
    return made.public_bytes(serialization.Encoding.PEM)
