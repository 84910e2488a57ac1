"""Databases of one's own in running servers, filled with a made-up register."""

import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from systems.databases import Login, open_database


class Server:
    """A running server: statements by its owner, addresses for sources."""

    def __init__(self, kind, engine, address):
        self.kind, self.engine, self.address = kind, engine, address

    def run(self, *statements):
        """Statements, each committed; the rows of the last one."""
        rows = []
        with self.engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def source(self, **login):
        return open_database(self.address, Login(**login))


def server_of(kind, running):
    """A schema (PostgreSQL) or database (MariaDB) of its own in a running server."""
    name = "t" + uuid.uuid4().hex[:12]
    if kind == "postgresql":
        place = running.removeprefix("host=")
        url = f"postgresql+psycopg://owner@/postgres?host={place}"
        address = f"postgresql://owner@/postgres?host={place}&schema={name}"
        more = {"connect_args": {"options": f"-csearch_path={name}"}}
        make = f"CREATE SCHEMA {name}"
    else:
        address = running.replace("/records?", f"/{name}?")
        url = address.replace("mysql://", "mysql+pymysql://")
        more, make = {}, f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
    first = url if kind == "postgresql" else running.replace("mysql://", "mysql+pymysql://")
    engine = sa.create_engine(first, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(make)
    engine.dispose()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", **more)
    return Server(kind, engine, address)


TYPES = {"int64": sa.BigInteger, "string": sa.String(255), "large_string": sa.String(255), "date32[day]": sa.Date,
         "time64[us]": sa.Time, "bool": sa.Boolean}  # fmt: skip


def fill(server, files):
    """Tables of Parquet files as a database has them: their own types, the first column the key."""
    metadata = sa.MetaData()
    with server.engine.connect() as connection:
        for path in files:
            table = pq.read_table(path)
            columns = [sa.Column(f.name, TYPES[str(f.type)]) for f in table.schema]
            made = sa.Table(path.stem, metadata, *columns)
            made.create(connection)
            rows = table.to_pylist()
            if rows:
                connection.execute(sa.insert(made), rows)
    if all(b"synthetic" in (pq.read_schema(path).metadata or {}) for path in files):
        server.run("CREATE TABLE synthetic (what VARCHAR(20))")


def everything(incoming):
    tables = list(incoming.batches)
    return pa.concat_tables(tables) if tables else incoming.schema.empty_table()
