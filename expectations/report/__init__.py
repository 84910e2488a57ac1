"""The validation report: one model, two editions, one static HTML file for the person who signs.

    model = ReportModel(..., safes=five_safes("identified", project=[...]), checks=check_lines(validation))
    department = render(model, edition="department")   # attached to the approval
    recipient = render(model, edition="recipient")     # travels in the package

The recipient's edition is made from a smaller model (:func:`recipient_view`), so that what it must
not show is not there when the page is drawn. The model's JSON has a published schema.
"""

from expectations.report.html import prepare, render
from expectations.report.items import check_items, check_lines, five_safes, said_of
from expectations.report.model import (
    Bar,
    Chart,
    ChartRow,
    Fact,
    Grid,
    HiddenMap,
    Interval,
    Item,
    Notice,
    Plot,
    ReportModel,
    RunFacts,
    Status,
    Tally,
    tally_of,
)
from expectations.report.plots import drawn, mapped, written
