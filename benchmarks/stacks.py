"""Call stacks of a chosen make-up: project and library functions, each of its own."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_FOLDERS = {
    "P": str(Path(__file__).parent / "generated"),
    "L": str(Path(sysconfig.get_paths()["purelib"], "framework")),
}
_SOURCE = "def layer_{0}(inner):\n    value = inner()\n    return value\n"

Call = Callable[[], Any]


def mixed(frames: int) -> str:
    """A stack as requests have them: a server and middleware, then views among library code."""
    inner = "PLLLPLLP"
    return "L" * (frames - len(inner)) + inner


def layered(layout: str, innermost: Call) -> Call:
    """A function that calls ``innermost`` below a frame for each letter of ``layout``.

    ``P`` is a function of the project and ``L`` one of a library, outermost first.
    """
    call = innermost
    for number, letter in reversed(list(enumerate(layout))):
        call = _below(_layer(letter, number), call)
    return call


def depth() -> int:
    """How many frames are below the caller, itself included."""
    frame, found = sys._getframe(1), 0
    while frame is not None:
        found += 1
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _layer(letter: str, number: int) -> Callable[[Call], Any]:
    path = str(Path(_FOLDERS[letter], f"layer_{number}.py"))
    names: dict[str, Any] = {}
    exec(compile(_SOURCE.format(number), path, "exec"), names)
    found: Callable[[Call], Any] = names[f"layer_{number}"]
    return found


def _below(layer: Callable[[Call], Any], inner: Call) -> Call:
    # A partial has no frame of its own.
    return partial(layer, inner)
