"""What must hold before anything leaves: suites, the one runner of Great Expectations, the report.

DuckDB counts, Great Expectations judges the counts, and a :class:`Validation` carries the verdict
in counts alone: no person's value enters a result, a report or an error of this room.

    validation = validate("identified", system, con, "extract", context)
    validation.require()                      # ValidationFailed (exit 4) unless all critical checks hold
    html = report.render(model, edition="recipient")

This room knows nothing of approvals, of keys, or of how an extract is made. Importing it is cheap;
Great Expectations (some ten seconds) is loaded when a suite runs.
"""
