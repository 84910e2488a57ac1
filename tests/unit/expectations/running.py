"""A few checks by themselves, counted and judged as a suite's are."""

from expectations import validation


def run_checks(checks, con, relation, form):
    return validation._counted(checks, con, relation, form).result()
