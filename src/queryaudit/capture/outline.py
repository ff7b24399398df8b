"""What of a file's syntax tree says where its loops, functions and statements are.

A tree is tens of thousands of objects, and each of them costs whenever Python collects garbage in
the audited application. Expressions in which nothing loops are most of it.
"""

from __future__ import annotations

import ast

#: Expressions in which code runs repeatedly or later.
_RUNNING = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
#: Fields that are read as they are: loop headers and decorators.
_KEPT = frozenset({"iter", "test", "target", "decorator_list"})


def parse_outline(text: str) -> ast.Module:
    """The tree of ``text`` without the expressions in which nothing loops. Raises as ast does."""
    tree = ast.parse(text)
    _trim(tree)
    return tree


def _trim(node: ast.AST) -> None:
    names_matter = isinstance(node, ast.ClassDef)
    for name, value in ast.iter_fields(node):
        if name in _KEPT:
            continue
        if names_matter and name == "body":
            # What a class binds is looked up by name.
            for each in value:
                if not isinstance(each, ast.Assign):
                    _trim(each)
        elif isinstance(value, list):
            kept = [each for each in value if not isinstance(each, ast.AST) or _stays(each)]
            if len(kept) < len(value):
                setattr(node, name, kept)
        elif isinstance(value, ast.AST) and not _stays(value):
            setattr(node, name, None)


def _stays(node: ast.AST) -> bool:
    """Whether a part of a statement says anything; what stays is trimmed."""
    if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
        _trim(node)
        return True
    return any(isinstance(each, _RUNNING) for each in ast.walk(node))
