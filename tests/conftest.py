"""Real data for tests marked ``real``, none skipped where the data is; no test runs against the clock."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

REAL_DATA = os.environ.get("VADBENCH_REAL_DATA")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if REAL_DATA:
        return
    reason = pytest.mark.skip(reason="needs real data: set VADBENCH_REAL_DATA to its folder")
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(reason)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; only tests marked ``real`` may ask for it."""
    assert REAL_DATA, "a test that uses real data must be marked `real`"
    return Path(REAL_DATA)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    outcome = yield
    report = outcome.get_result()
    if REAL_DATA and report.skipped and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped although VADBENCH_REAL_DATA is set"
