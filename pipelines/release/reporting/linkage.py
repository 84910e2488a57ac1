"""The quality page of a linkage, kept beside the report of the release that was made from it; nothing is packaged."""

from expectations.report import Fact
from pipelines.release.context import ReleaseContext

PAGE = "linkage.html"


def keep_linkage(context: ReleaseContext) -> None:
    """Write what the match stage drew beside the reports (0600): it is pinned with them when they are attached.

    The run's folder is wiped when the release is closed; this page stays as long as its report does.

    Raises:
        StageChanged: the page is not the one that the stage recorded.
    """
    context.records.verified("match")
    page = context.staging.place("match", "LINKS.html")
    context.write_report_file(PAGE, page.read_text("utf-8"))


def linkage_facts(context: ReleaseContext) -> tuple[Fact, ...]:
    """The page's keyed digest, so that the report that is approved pins it; nothing of a kind that has none."""
    path = context.report_folder / PAGE
    if context.order.kind != "identified" or not path.is_file():
        return ()
    digest = context.session.keyring.digest("linkage", path.read_bytes())
    label = f"Quality of the linkage, {PAGE} beside this report: keyed digest"
    return (Fact(label=label, value=digest, audience="department"),)
