"""Sizes of files, heights of indexes, and statistics without values: no server is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from queryaudit.twin.btree import height
from queryaudit.twin.files import BLOCK, blocks_of, resize
from queryaudit.twin.values import without_values

GIBIBYTE = (1 << 30) // BLOCK


@pytest.mark.parametrize("blocks", [0, 1, GIBIBYTE - 1, GIBIBYTE, GIBIBYTE + 1, 27 * GIBIBYTE])
def test_a_relation_has_the_blocks_that_it_is_given(tmp_path: Path, blocks: int) -> None:
    path = tmp_path / "16384"
    path.touch(mode=0o600)
    resize(path, blocks)
    assert blocks_of(path) == blocks
    full, rest = divmod(blocks, GIBIBYTE)
    assert path.stat().st_size == (GIBIBYTE if full else rest) * BLOCK
    assert len([*tmp_path.iterdir()]) == max(1, full + bool(rest))
    assert sum(p.stat().st_blocks for p in tmp_path.iterdir()) * 512 < 1 << 20
    resize(path, 3)
    assert blocks_of(path) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["16384"]


@pytest.mark.parametrize(
    ("blocks", "width", "level"),
    [(0, 8, 0), (1, 8, 0), (2, 8, 0), (3, 8, 1), (276, 4, 1), (825, 8, 2), (2_745_000, 8, 3)],
)
def test_an_index_is_as_high_as_its_pages_need(blocks: int, width: float, level: int) -> None:
    assert height(blocks, width) == level


def test_statistics_keep_everything_but_values() -> None:
    dump = (
        "SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n"
        "\t'version', '180006'::integer,\n"
        "\t'attname', 'name',\n"
        "\t'n_distinct', '-1'::real,\n"
        "\t'most_common_vals', E'{\"O''Brien, \\\\\"x\\\\\"\",two\nlines}'::text,\n"
        "\t'most_common_freqs', '{0.5,0.25}'::real[],\n"
        "\t'histogram_bounds', '{a,''b'',c}'::text,\n"
        "\t'correlation', '0.5'::real\n"
        ");\n"
    )
    assert without_values(dump) == (
        "SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n"
        "\t'version', '180006'::integer,\n"
        "\t'attname', 'name',\n"
        "\t'n_distinct', '-1'::real,\n"
        "\t'correlation', '0.5'::real\n"
        ");\n"
    )
