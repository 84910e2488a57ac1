"""The standard column names: what a cohort, a register and any table to be linked call their values.

A contract (docs/engineer.md): other people's files and column maps use these names.
"""

STANDARD_COLUMNS: tuple[str, ...] = (
    "first_name",
    "middle_name",
    "last_name",
    "name_suffix",
    "birth_date",
    "sex",
    "ssn",
    "driver_license",
    "dl_state",
    "street",
    "city",
    "zip",
    "county",
    "phone",
    "full_name",  # where a table has no first and last names
)
