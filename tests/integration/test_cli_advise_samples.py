"""Of a table that is too large to be copied a sample is, which takes no more than was allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import queryaudit
from queryaudit.cli import main
from queryaudit.plans import catalogue
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof import clones
from queryaudit.proof.budget import Budget
from queryaudit.proof.postgres_laboratory import PostgresLaboratory
from sample_app.shop.models import Shipment
from tests.integration.test_cli_explain import committed, url

__all__ = ["committed"]

PLACE = ("public", "shop_shipment")


@pytest.fixture
def server(committed: None) -> Iterator[UrlServer]:
    with closing(UrlServer.connect(url())) as found:
        clones.prepare(found)
        yield found


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        list(Shipment.objects.filter(recipient__iexact="PERSON 7").values_list("pk"))
    return path


def size(server: UrlServer, name: str) -> int:
    [[found]] = server.run("SELECT pg_relation_size(%s::regclass)", (name,))
    return int(found)


def rows(server: UrlServer, name: str) -> int:
    [[found]] = server.run(f"SELECT count(*) FROM {name}")
    return int(found)


@pytest.mark.parametrize("share_of_room", [2, 20, 60])
def test_a_sample_takes_no_more_than_there_is_room(server: UrlServer, share_of_room: int) -> None:
    [relation] = catalogue.relations(server, [PLACE], "default")
    room = relation.bytes // share_of_room
    share = clones.share_of(relation.bytes, room)
    assert share == pytest.approx(min(0.1, 1 / share_of_room), rel=0.01)
    taken = clones.clone(server, *PLACE, share=share, most=round(relation.rows * share))
    assert taken == size(server, "pg_temp.shop_shipment")
    assert 0 < taken <= room + 8192
    copied = rows(server, "pg_temp.shop_shipment")
    assert 0.3 * share <= copied / 20_000 <= 1.01 * share
    assert rows(server, "public.shop_shipment") == 20_000


def test_what_fits_is_copied_whole(server: UrlServer) -> None:
    assert clones.share_of(1000, 1000) == 1.0
    clones.clone(server, *PLACE)
    assert rows(server, "pg_temp.shop_shipment") == 20_000


def test_all_copies_together_are_bounded(server: UrlServer) -> None:
    [relation] = catalogue.relations(server, [PLACE], "default")
    budget = Budget(max_clone=relation.bytes, max_clones=relation.bytes + 1000)
    laboratory = PostgresLaboratory(server, {}, budget, lambda _: None)
    assert laboratory.copy(relation, 1) == ""
    assert laboratory.copy(relation, 1) == ""  # it is there
    other = relation._replace(name="shop_scan", rows=20_000)
    assert "too large to be copied" in laboratory.copy(other, 2000)


def test_an_index_is_proved_on_a_sample_and_its_size_is_the_whole_ones(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["advise", str(trace), "--database", url(), "--scratch", "--small-table=500"]
    assert main(options) == 0
    whole = capsys.readouterr().out
    assert main([*options, "--max-clone=1000000"]) == 0
    captured = capsys.readouterr()
    assert "% of shop_shipment" in captured.err
    sampled = captured.out.partition("Tried, and")[0]
    assert 'models.Index(Upper("recipient")' in sampled
    assert "the same rows, on a sample of 10.0% of the rows" in sampled
    assert "on a sample" not in whole
    assert kibibytes(sampled) == pytest.approx(kibibytes(whole), rel=0.6)


def kibibytes(out: str) -> float:
    """The size of the first index that was built."""
    found = re.search(r"([\d.,]+) ([KM])iB, built in", out)
    assert found is not None, out
    return float(found[1].replace(",", "")) * (1024 if found[2] == "M" else 1)


def test_a_sample_of_too_few_rows_says_nothing(
    trace: Path, committed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--scratch", "--max-clone=10000"]
    assert main(["advise", str(trace), "--database", url(), *options]) == 0
    out = capsys.readouterr().out
    assert "to add" not in out
    assert "the table is too large to be copied, and a sample of it would be too small" in out
