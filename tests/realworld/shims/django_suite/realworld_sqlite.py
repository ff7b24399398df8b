"""Django's own SQLite settings with the recording runner."""

from test_sqlite import *  # noqa: F403

TEST_RUNNER = "realworld_results.Runner"
