"""Makes the pictures in docs/images: ``make demo``, then ``python -m docs.screenshots``.

The terminal shows the example, as SVG. The HTML report is that of the sample shop, taken by a
headless Chromium.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from docs import example_report
from queryaudit.reports.html import HtmlReporter
from queryaudit.reports.json_ import load

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
DEMO = ROOT / "reports" / "queryaudit.json"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = (1280, 1980)
MOST_BYTES = 400_000
#: rich refers to a font on a server; any monospaced font will do.
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def main() -> int:
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "terminal.svg").write_text(terminal(), encoding="utf-8", newline="\n")
    if not DEMO.is_file():
        print(f"There is no {DEMO.relative_to(ROOT)}; run: make demo", file=sys.stderr)
        return 1
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("No Chromium was found; report.png stays as it is.", file=sys.stderr)
        return 1
    photograph(browser, IMAGES / "report.png")
    return 0


def terminal() -> str:
    """The example's report as SVG."""
    report = Text.from_ansi(example_report.text(example_report.audit(), color=True).rstrip())
    console = Console(record=True, file=io.StringIO(), width=example_report.WIDTH)
    console.print(report)
    svg = console.export_svg(title="pytest --queryaudit", unique_id="queryaudit")
    return _FONT_FACE.sub("", svg)


def photograph(browser: str, target: Path) -> None:
    """The top of the demo's HTML report. RuntimeError if there is no picture, or a huge one."""
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder, "report.html"), Path(folder, "report.png")
        with page.open("w", encoding="utf-8") as stream:
            HtmlReporter().render(load(DEMO.read_text(encoding="utf-8")), stream)
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
            f"--window-size={SIZE[0]},{SIZE[1]}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        if not picture.is_file() or picture.stat().st_size > MOST_BYTES:
            raise RuntimeError("The browser took no picture, or one that is too large.")
        shutil.copyfile(picture, target)


if __name__ == "__main__":
    sys.exit(main())
