"""Compositions as rows of a trace: frames with their source, and words that stay the same."""

from __future__ import annotations

import ast

from queryaudit.composition.modules import Module
from queryaudit.composition.reading import Composition
from queryaudit.composition.values import Text
from queryaudit.records.definitions import Frame, Provenance
from queryaudit.records.kinds import FrameKind
from queryaudit.records.texts import Hole

_CONTEXT = 2
_MAX_SNIPPET = 60
_MAX_WORDS = 400


def provenance(
    one: Composition,
    *,
    sql: int = 0,
    stack: int = 0,
    holes: tuple[Hole, ...] | None = None,
    kind: FrameKind = FrameKind.PROJECT,
) -> Provenance:
    call = frame(one.module, one.sink.call, kind)
    built = frame(one.site.module, one.site.node, kind)
    return Provenance(
        sql=sql,
        stack=stack,
        method=one.sink.method,
        how=one.site.how,
        words=_words(one),
        call=call,
        built=built,
        holes=one.holes if holes is None else holes,
        quoted=one.quoted,
        statement=shape(one)[:2000],
    )


def shape(one: Composition) -> str:
    """The text as the source has it, gaps as placeholders."""
    return "".join(part.text if isinstance(part, Text) else "%s" for part in one.variant)


def _words(one: Composition) -> str:
    if one.site.node is one.sink.call:
        return " ".join(shape(one).split())[:_MAX_WORDS]
    return " ".join(ast.unparse(one.site.node).split())[:_MAX_WORDS]


def frame(module: Module, node: ast.expr, kind: FrameKind) -> Frame:
    """Where an expression stands, with its statement and the lines around it."""
    statement = module.statement(node) or node
    body = getattr(statement, "body", None)
    last = getattr(statement, "end_lineno", None) or node.lineno
    if isinstance(body, list) and body:
        last = max(statement.lineno, body[0].lineno - 1)
    first = max(1, statement.lineno - _CONTEXT)
    stop = min(len(module.lines), last + _CONTEXT, first + _MAX_SNIPPET)
    return Frame(
        kind=kind,
        path=module.path,
        line=node.lineno,
        end_line=node.end_lineno,
        column=node.col_offset,
        end_column=node.end_col_offset,
        function=module.qualified(node),
        loop_line=None,
        loop_text=None,
        snippet_line=first,
        snippet=tuple(line.rstrip("\r") for line in module.lines[first - 1 : stop]),
    )
