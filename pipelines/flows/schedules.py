"""What ``prefect deploy`` leaves as it is: whoever switched a schedule on meant it to last."""

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from pipelines.errors import DeploymentPaused


def schedules_as_they_are(deployment: str, schedules: list[str]) -> dict[str, bool]:
    """A step of `prefect.yaml` before a deployment is registered: which of its schedules are on.

    Args:
        deployment: flow and deployment, such as ``remind/remind``.
        schedules: the slugs of its schedules.

    Returns:
        By slug whether the schedule is on; off where it is new.

    Raises:
        DeploymentPaused: to register it would resume it: Prefect says so with every ``deploy``.
    """
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except ObjectNotFound:
            return dict.fromkeys(schedules, False)
    if found.paused:
        raise DeploymentPaused(deployment=deployment)
    on = {schedule.slug: schedule.active for schedule in found.schedules}
    return {slug: on.get(slug, False) for slug in schedules}
