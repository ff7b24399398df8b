"""Who waits for whom, as a tree on a terminal: once, or again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from queryaudit.records.blocking import Session, Waiting, forest
from queryaudit.reports.clean import clean
from queryaudit.reports.sqltext import one_line

#: Seconds between two looks of ``watch_locks``.
INTERVAL = 0.5
_LONGEST_STATEMENT = 300
_WIDTH = 120
#: What the server's names of locks stand for.
_FOR = {
    "transactionid": "for a row",
    "tuple": "in the queue for a row",
    "relation": "for a table",
    "advisory": "for an advisory lock",
}


def print_locks(sessions: Sequence[Session], stream: TextIO, *, color: bool) -> None:
    """What it is like at this moment."""
    _console(stream, color=color).print(lock_page(sessions))


def watch_locks(ask: Callable[[], Sequence[Session]], stream: TextIO, *, color: bool) -> None:
    """Draws what ``ask`` says until somebody interrupts it, or ``ask`` raises."""
    console = _console(stream, color=color)
    with Live(lock_page(ask()), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(INTERVAL)
            live.update(lock_page(ask()), refresh=True)


def lock_page(sessions: Sequence[Session]) -> RenderableType:
    """A tree for each session that holds others up."""
    if not sessions:
        return Text("Nobody waits for a lock.", style="dim")
    waiting = sum(bool(session.blockers) for session in sessions)
    head = f"{waiting} {'session waits' if waiting == 1 else 'sessions wait'} for a lock"
    return Group(Text(head, style="bold"), *(_tree(root) for root in forest(sessions)))


def _console(stream: TextIO, *, color: bool) -> Console:
    tty = stream.isatty()
    return Console(
        file=stream,
        color_system="auto" if color and tty else None,
        width=None if tty else _WIDTH,
        emoji=False,
        highlight=False,
    )


def _tree(root: Waiting) -> Tree:
    tree = Tree(_label(root.session))
    _grow(tree, root)
    return tree


def _grow(tree: Tree, node: Waiting) -> None:
    for other in node.waiting:
        _grow(tree.add(_label(other.session)), other)


def _label(session: Session) -> Text:
    name = clean(session.application or session.user or "?", 60)
    label = Text(f"{session.pid} {name}", style="bold red" if not session.blockers else "bold")
    if session.blockers:
        lock = clean(session.lock, 40)
        what = f" {_FOR[lock]}" if lock in _FOR else ""
        label.append(f"  waits {session.running:.1f} s{what} ({lock})", "yellow")
    else:
        label.append(f"  {clean(session.state, 40)} for {session.running:.1f} s", "default")
    if session.open:
        label.append(f", transaction open for {session.open:.1f} s", "dim")
    if session.statement:
        label.append(f"\n{clean(one_line(session.statement, _LONGEST_STATEMENT))}", "cyan")
    return label
