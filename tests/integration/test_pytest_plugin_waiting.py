"""A test's queries are its own, whatever the tests before it waited for."""

from __future__ import annotations

from tests.integration.plugin_project import Project

TESTS = """
from asgiref.sync import async_to_sync
from django.test import TestCase


def test_that_waits(async_client, books):
    assert async_to_sync(async_client.get)("/live/books/").status_code == 200


class LaterTests(TestCase):
    def test_it(self):
        self.client.get("/books/")
"""


def test_a_later_test_is_not_called_from_a_test_that_waited(project: Project) -> None:
    """asgiref gives the context of the loop's thread back to whoever waited for it."""
    project.only_test(TESTS)
    run = project.pytest()
    assert "2 passed" in run.out
    places = {
        place
        for row in run.report["statements"]
        if "SAVEPOINT" in row["statement"]
        for place in row["locations"]
    }
    assert not [place for place in places if place.startswith("tests/")]
