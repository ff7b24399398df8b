"""Indexes that the planner of the user's database is made to suppose, where HypoPG is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import queryaudit
from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.conditions import Compared
from queryaudit.advice.index_code import ddl, index_name
from queryaudit.cli import main
from queryaudit.plans import catalogue
from queryaudit.plans.server import RefusedError
from queryaudit.plans.url_server import UrlServer
from queryaudit.proof.explained import explained
from queryaudit.proof.hypothetical import HypoPG
from queryaudit.records.plans import Relation
from sample_app.shop.models import Shipment

SHIPMENT = ("public", "shop_shipment")
CANDIDATES = {
    "equality": Candidate(*SHIPMENT, "btree", (Key("tracking_code"),), 1),
    "order": Candidate(*SHIPMENT, "btree", (Key("weight", "", True),), 0),
    "equality and order": Candidate(
        *SHIPMENT, "btree", (Key("carrier"), Key("sent_at", "", True)), 1
    ),
    "several": Candidate(*SHIPMENT, "btree", (Key("carrier"), Key("weight")), 2),
    "few values": Candidate(*SHIPMENT, "btree", (Key("carrier"),), 1),
    "part": Candidate(*SHIPMENT, "btree", (Key("id"),), 0, ("delivered_at", Compared.IS_NULL)),
    "all that is read": Candidate(*SHIPMENT, "btree", (Key("lane"),), 1, None, ("weight",)),
    "pattern": Candidate(*SHIPMENT, "btree", (Key("note", "", False, "varchar_pattern_ops"),), 0),
    "ranges of blocks": Candidate(*SHIPMENT, "brin", (Key("delivered_at"),), 0),
}
QUERIES = [
    "SELECT * FROM shop_shipment WHERE tracking_code = 'T7x1'",
    "SELECT id FROM shop_shipment ORDER BY weight DESC LIMIT 10",
    "SELECT * FROM shop_shipment WHERE carrier = 'dove' ORDER BY sent_at DESC LIMIT 10",
    "SELECT * FROM shop_shipment WHERE carrier = 'dove' AND weight < 500",
    "SELECT * FROM shop_shipment WHERE carrier = 'dove'",
    "SELECT * FROM shop_shipment WHERE delivered_at IS NULL ORDER BY id LIMIT 20",
    "SELECT * FROM shop_shipment WHERE delivered_at BETWEEN '2024-03-01' AND '2024-03-09'",
    "SELECT sum(weight) FROM shop_shipment WHERE lane = 3",
    "SELECT * FROM shop_shipment WHERE note LIKE 'left at%'",
    "SELECT * FROM shop_shipment WHERE note LIKE 'left at the door, number 4242%'",
    "SELECT * FROM shop_shipment s JOIN shop_scan c ON c.shipment_id = s.id WHERE s.carrier = 'x'",
]
#: Everything that there is, of which nothing may change.
_STATE = """
SELECT c.relname, c.relkind, c.relpages, c.reltuples, c.relhasindex, s.n_mod_since_analyze,
       s.last_analyze
FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1
"""
_SUPPOSED = "SELECT count(*) FROM what_if.hypopg_list_indexes"


@pytest.fixture
def trace(transactional_db: None, tmp_path: Path) -> Path:
    path = tmp_path / "a.qatrace"
    with queryaudit.audit("a page", trace=str(path), test_files=[]):
        Shipment.objects.filter(tracking_code="T1").count()
        list(Shipment.objects.order_by("-weight").values_list("pk", flat=True)[:10])
        list(Shipment.objects.filter(recipient__iexact="PERSON 7").values_list("pk"))
        Shipment.objects.filter(details__contains={"fragile": True}).count()
        Shipment.objects.filter(carrier="dove").count()
    return path


def test_indexes_are_estimated_where_nothing_may_be_built(
    older: str, server: UrlServer, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = server.run(_STATE)
    assert main(["advise", str(trace), "--database", older]) == 0
    out = capsys.readouterr().out
    estimated, _, ideas = out.partition("Ideas from plans, not tried\n")
    assert "3 indexes to add, ESTIMATED by the planner alone" in estimated
    for index in ('fields=["tracking_code"]', 'fields=["-weight"]', 'Upper("recipient")'):
        assert f"models.Index({index}, " in estimated
    assert "planned with HypoPG, not executed" in estimated
    assert "times cheaper, by the planner's estimate" in estimated
    assert "carrier" not in out  # a fifth of the rows has it
    assert 'GinIndex(fields=["details"]' in ideas
    assert "HypoPG can't suppose an index of the kind gin: --scratch builds it on copies" in ideas
    assert server.run(_STATE) == before


def test_where_it_may_not_be_used_candidates_are_ideas_as_ever(
    older: str, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = older.replace("user=postgres", "user=stranger")
    assert main(["advise", str(trace), "--database", stranger]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Ideas from plans, not tried: --scratch allows to\n")
    assert 'models.Index(fields=["tracking_code"]' in out
    assert "HypoPG" not in out


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_planner_takes_a_supposed_index_as_it_takes_a_real_one(
    supposing: HypoPG, relation: Relation, name: str
) -> None:
    candidate, server = CANDIDATES[name], supposing.server
    with supposing.trying():
        with supposing.asking():
            built = supposing.add(candidate, relation)
        supposed = [explained(server, "COSTS", sql, None) for sql in QUERIES]
        supposing.remove(built)
        assert server.run(_SUPPOSED) == [(0,)]
    real = index_name(candidate)
    server.run("BEGIN")
    try:
        server.run(ddl(candidate, "shop_shipment"))
        there = [explained(server, "COSTS", sql, None) for sql in QUERIES]
        [[size]] = server.run("SELECT pg_relation_size(%s::regclass)", (real,))
    finally:
        server.run("ROLLBACK")
    for sql, one, other in zip(QUERIES, supposed, there, strict=True):
        assert shape(one.plan, built.name) == shape(other.plan, real), sql
        # It guesses the size of an index, and knows nothing of keys that share an entry.
        assert one.cost == pytest.approx(other.cost, rel=0.35, abs=10)
    assert any(built.name in one.indexes for one in supposed)
    assert built.bytes == pytest.approx(size, rel=0.05)


def test_what_can_not_be_supposed_leaves_none_of_those_beside_it(
    supposing: HypoPG, relation: Relation
) -> None:
    inverted = Candidate(*SHIPMENT, "gin", (Key("details", "", False, "jsonb_path_ops"),), 1)

    def add_both() -> None:
        with supposing.asking():
            supposing.add(CANDIDATES["order"], relation)
            supposing.add(inverted, relation)

    with supposing.trying():
        with supposing.asking():
            supposing.add(CANDIDATES["equality"], relation)
        with pytest.raises(RefusedError, match="of the kind gin"):
            add_both()
        assert supposing.server.run(_SUPPOSED) == [(1,)]
    assert supposing.server.run(_SUPPOSED) == [(0,)]


def test_nothing_is_supposed_any_more_after_an_interruption(
    supposing: HypoPG, relation: Relation
) -> None:
    def break_off() -> None:
        with supposing.trying(), supposing.asking():
            supposing.add(CANDIDATES["order"], relation)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert supposing.server.run(_SUPPOSED) == [(0,)]


@pytest.fixture
def supposing(server: UrlServer) -> HypoPG:
    found = HypoPG.of(server)
    assert found is not None
    return found


@pytest.fixture
def relation(server: UrlServer) -> Relation:
    [found] = catalogue.relations(server, [SHIPMENT], "default")
    return found


def shape(plan: Mapping[str, Any], name: str) -> tuple[object, ...]:
    """What a plan does, without figures; ``name`` is that of the index in question."""
    index = plan.get("Index Name")
    own = (plan["Node Type"], plan.get("Relation Name"), "it" if index == name else index)
    return (*own, *(shape(child, name) for child in plan.get("Plans", ())))
