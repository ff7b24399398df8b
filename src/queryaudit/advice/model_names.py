"""By which name code knows a model: an edit can't use one that its file has not imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from queryaudit.advice.source import read_source
from queryaudit.records.definitions import Frame


def written_as(trees: Iterable[ast.AST], model: str) -> str | None:
    """``Book`` or ``models.Book``, as the code writes the class; None where it does not."""
    qualified = None
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == model:
                return model
            if isinstance(node, ast.Attribute) and node.attr == model:
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id not in ("self", "cls"):
                    qualified = f"{owner.id}.{model}"
    return qualified


def named_as_known(
    frame: Frame, calls: Sequence[str], named: Iterable[str], own: str
) -> tuple[str, ...] | None:
    """``calls`` with the models that they name (by label) as the code around the frame knows them.

    Next to ``models.Book`` stands ``models.Review`` of the same application. None where the name of
    one is not known.
    """
    source = read_source(frame)
    found = tuple(calls)
    for label in named:
        model = label.rpartition(".")[2]
        name = _known(source.tree, label, own) if source is not None else None
        if name is None:
            return None
        found = tuple(renamed(call, model, name) for call in found)
    return found


def renamed(code: str, model: str, name: str) -> str:
    """``code`` with the class under another name."""
    if name == model:
        return code
    return re.sub(rf"(?<![\w.\"']){re.escape(model)}(?=[.(])", name, code)


def _known(tree: ast.AST, label: str, own: str) -> str | None:
    app, _, model = label.rpartition(".")
    name = written_as([tree], model)
    own_app, _, own_model = own.rpartition(".")
    if name is not None or own_app != app:
        return name
    module, _, _ = (written_as([tree], own_model) or "").rpartition(".")
    return f"{module}.{model}" if module else None
