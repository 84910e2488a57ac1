"""What all tests share: Hypothesis without a clock, and the same examples on every CI run."""

import os

from hypothesis import HealthCheck, settings

# Machines differ in speed, so no example is timed; CI draws the same examples every time.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
