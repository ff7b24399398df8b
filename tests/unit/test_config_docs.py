"""The documentation of the options is the table, written out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from queryaudit.config import OPTIONS, Wrong

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_table_says_now() -> None:
    script = DOCS / "generate_configuration.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run: python docs/generate_configuration.py"


def test_the_page_names_every_option_variable_and_check() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    for option in OPTIONS:
        assert f"### {option.name}\n" in page
        assert f"`{option.variable}`" in page
    for kind in Wrong:
        assert f"`queryaudit.{kind.value}`" in page


def test_help_is_one_or_more_sentences_that_argparse_can_print() -> None:
    for option in OPTIONS:
        assert option.help.endswith("."), option.name
        assert "%" not in option.help, option.name
