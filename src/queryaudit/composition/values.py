"""What an expression can be as text: runs of known text, and gaps that are filled at run time."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from queryaudit.records.texts import HoleKind

if TYPE_CHECKING:
    from queryaudit.composition.modules import Module

#: Ways in which a text can come out that are told apart.
MAX_VARIANTS = 12
_MAX_PARTS = 400
_MAX_CODE = 60

#: Gaps that nobody can fill with text of their own.
HARMLESS = frozenset(
    {
        HoleKind.CONSTANT,
        HoleKind.PLACEHOLDERS,
        HoleKind.IDENTIFIER,
        HoleKind.NUMBER,
        HoleKind.CHECKED,
        HoleKind.FILE,
        HoleKind.COMPOSED,
    }
)


@dataclass(frozen=True, slots=True)
class Site:
    """The expression that put a text together, and how."""

    module: Module
    node: ast.expr
    how: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that is not in the source. ``code`` is the expression that fills it."""

    kind: HoleKind
    code: str
    site: Site | None = None

    @property
    def harmless(self) -> bool:
        return self.kind in HARMLESS


Part = Text | Gap
Variant = tuple[Part, ...]
Variants = tuple[Variant, ...]

EMPTY: Variants = ((),)


def gap(kind: HoleKind, node: ast.expr | str) -> Variants:
    return ((Gap(kind, node if isinstance(node, str) else code_of(node)),),)


def text(value: str) -> Variants:
    return ((Text(value),),)


def code_of(node: ast.expr) -> str:
    """An expression as it is written, on one line."""
    code = " ".join(ast.unparse(node).split())
    return code if len(code) <= _MAX_CODE else code[: _MAX_CODE - 1] + "…"


def joined(*operands: Variants) -> Variants:
    """All ways in which texts that follow one another come out, up to a limit."""
    found: list[Variant] = [()]
    for operand in operands:
        found = [(*before, *after) for before in found for after in operand][:MAX_VARIANTS]
        found = [variant[:_MAX_PARTS] for variant in found]
    return tuple(found)


def either(*operands: Variants) -> Variants:
    """One or the other."""
    return tuple(dict.fromkeys(variant for operand in operands for variant in operand))[
        :MAX_VARIANTS
    ]


def composed(variants: Variants, module: Module, node: ast.expr, how: str) -> Variants:
    """Variants whose gaps have no site yet, put together by ``node``."""
    site = Site(module, node, how)
    return tuple(
        tuple(
            replace(part, site=site) if isinstance(part, Gap) and part.site is None else part
            for part in variant
        )
        for variant in variants
    )


def gaps(variants: Variants) -> Iterable[Gap]:
    return (part for variant in variants for part in variant if isinstance(part, Gap))


def is_constant(variants: Variants) -> bool:
    return all(isinstance(part, Text) for variant in variants for part in variant)


def plain(variants: Variants) -> list[str]:
    """The texts of constant variants."""
    return ["".join(p.text for p in v if isinstance(p, Text)) for v in variants]


def choice(variants: Variants, code: str) -> Variants:
    """One of several values: constants are not told apart, except a single one."""
    if not variants:
        return gap(HoleKind.CONSTANT, code)
    if is_constant(variants) and len(variants) > 1:
        return gap(HoleKind.CONSTANT, code)
    return variants


def worst(variants: Variants) -> HoleKind | None:
    """The kind of the gap that says most against a text; None without gaps."""
    return max((part.kind for part in gaps(variants)), default=None)
