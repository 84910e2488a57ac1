"""Databases that a register is read from: one connection, one transaction that only reads, tables in Arrow batches.

    with closing(open_database("postgresql://reader@db.example.gov/records", Login(password))) as source:
        store.load(system, source, ...)

PostgreSQL by its own driver, other servers by SQLAlchemy or ADBC. A password comes from who calls, never from the address, the
environment or a file of a library's. What went wrong is told by codes, tables and counts.
"""

from systems.databases.address import Address, Login, parse_address
from systems.databases.errors import PasswordUnreadable
from systems.databases.opening import open_database
from systems.databases.source import DatabaseSource
