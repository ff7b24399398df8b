"""How to keep the answer of a function that asks each time it is called."""

from __future__ import annotations

import ast

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.source import expression_at
from queryaudit.detectors.duplicates.answers import Names, answer_at
from queryaudit.detectors.duplicates.naming import named
from queryaudit.detectors.duplicates.questions import question_in_template
from queryaudit.records.definitions import Frame, FunctionText
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind

_GROWING = frozenset({"append", "extend", "insert", "add", "update", "sort"})
#: What makes a method a value; any other decorator may do anything.
_VALUES = ("property", "cached_property")
#: What a function returns where that can be its question, and not only made with it.
_WHOLE = (ast.Call, ast.Subscript, ast.Name, ast.Await, ast.ListComp)
#: What Django and REST framework call of views, feeds, forms and models, with parentheses.
_HOOKS = frozenset(
    {
        *("get_object", "get_queryset", "get_context_data", "get_initial", "get_success_url"),
        *("get_form", "get_form_class", "get_form_kwargs", "get_redirect_url", "get_prefix"),
        *("get_template_names", "get_context_object_name", "get_ordering", "get_login_url"),
        *("get_permission_required", "has_permission", "test_func", "get_absolute_url"),
        *("get_serializer_class", "get_serializer_context", "get_permissions", "natural_key"),
        *("items", "clean", "full_clean", "validate_unique", "is_valid", "handle", "get_urls"),
    }
)
#: Objects that are made once for the whole process: what they keep stays for good.
_LASTING = ("Manager", "Admin")


def keeps(function: FunctionText | None) -> bool:
    """Whether it keeps its answer already, for one object: each of several asks by itself."""
    decorators = function.decorators if function is not None else ()
    return "cached_property" in map(_last_name, decorators)


def kept(frame: Frame, caller: Frame | None, function: FunctionText | None, names: Names) -> Fix:
    """``caller``: where the function is called; ``names``: what to call the answer."""
    decorators = [_last_name(text) for text in function.decorators] if function else []
    if keeps(function):
        return _of_several_objects(frame)
    if function is not None and all(decorator in _VALUES for decorator in decorators):
        is_value = "property" in decorators
        code = _cached(frame, function) if is_value or _calls(caller, function.name) else None
        if code is not None:
            return _on_object(frame, code, is_value=is_value)
    if frame.kind is FrameKind.TEMPLATE:
        return _rendered(frame)
    if caller is None or not _calls(caller, _called(frame)) or _is_wrapper(function):
        return _of_each_call(frame, names)
    if _gives_nothing(function):
        return _once(frame)
    called = expression_at(caller)
    where = f"# {caller.path}:{caller.line}\n" if called else ""
    answer = names.one if _is_returned(frame, function) else "answer"
    return Fix(
        title="keep the answer and hand it on",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{where}{answer} = {called}" if called else "",
        note=f"{named(frame)} asks each time it is called: call it once for the same, and hand its "
        "answer on.",
    )


def _rendered(frame: Frame) -> Fix:
    asked = question_in_template(frame)
    return Fix(
        title="ask before the template, and hand the answer to it",
        applicability=Applicability.DISPLAY_ONLY,
        code="",
        note=f"{named(frame)} is rendered more than once, and `{asked or frame.function}` asks each"
        " time: put the answer, rows as a list, into the context that all of them share.",
    )


def _of_each_call(frame: Frame, names: Names) -> Fix:
    """A library calls the function, or what it gives is something else than what it asks."""
    answer = answer_at(frame, names)
    return Fix(
        title="keep the answer and hand it on",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{answer.name} = {answer.code}" if answer.code is not None else "",
        note=f"{named(frame)} asks each time it is called: keep the answer where all of its calls "
        "find it, as on the object or the request that they are about.",
    )


def _once(frame: Frame) -> Fix:
    return Fix(
        title="do it once",
        applicability=Applicability.DISPLAY_ONLY,
        code="",
        note=f"{named(frame)} asks each time it is called, and gives nothing back: call it once "
        "for the same, or hand to it what it asks for.",
    )


def _called(frame: Frame) -> str:
    """The name by which the frame's function is called."""
    owner, _, name = frame.function.rpartition(".")
    return owner.rpartition(".")[2] if name == "__init__" else name


def _is_wrapper(function: FunctionText | None) -> bool:
    """Whether it stands for any function, whose answer is another."""
    node = _parsed(function)
    return node is not None and None not in (node.args.vararg, node.args.kwarg)


def _is_returned(frame: Frame, function: FunctionText | None) -> bool:
    """Whether the function gives what it asks at the frame, as far as its source is known."""
    node = _parsed(function)
    if node is None or function is None:
        return True
    # One line stands before those of the function.
    line = frame.line - function.first_line + 2
    returns = (n for n in ast.walk(node) if isinstance(n, ast.Return))
    found = [n.value for n in returns if n.lineno <= line <= (n.end_lineno or n.lineno)]
    return any(isinstance(value, _WHOLE) for value in found)


def _gives_nothing(function: FunctionText | None) -> bool:
    node = _parsed(function)
    giving = (ast.Return, ast.Yield, ast.YieldFrom)
    return node is not None and not any(
        isinstance(n, giving) and n.value is not None for n in ast.walk(node)
    )


def _parsed(function: FunctionText | None) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    parsed = FunctionSource(function.first_line, function.lines).parsed() if function else None
    if parsed is None:
        return None
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return next((node for node in ast.walk(parsed[1]) if isinstance(node, functions)), None)


def _calls(caller: Frame | None, name: str) -> bool:
    """Whether the project calls the method: what a framework calls has to stay one."""
    if caller is None or caller.snippet_line is None:
        return False
    first = caller.line - caller.snippet_line
    after = (caller.end_line or caller.line) - caller.snippet_line + 1
    return any(name in line for line in caller.snippet[max(first, 0) : after])


def _of_several_objects(frame: Frame) -> Fix:
    owner, _, name = frame.function.rpartition(".")
    return Fix(
        title="hand the object on",
        applicability=Applicability.DISPLAY_ONLY,
        code=f"{name}  # of one object",
        note=f"`{owner}.{name}` keeps its answer, but one row is there as several objects and each "
        "asks by itself. Load it once, and hand the object on.",
    )


def _on_object(frame: Frame, code: str, *, is_value: bool) -> Fix:
    name = frame.function.rpartition(".")[2]
    return Fix(
        title="keep the answer on the object",
        applicability=Applicability.DISPLAY_ONLY,
        code=code,
        note="For an object that lives as long as its answer holds."
        + ("" if is_value else f" It is read without parentheses then: `.{name}`."),
    )


def _cached(frame: Frame, function: FunctionText) -> str | None:
    """The method as a ``cached_property``, if it takes nothing and does nothing but answer."""
    owner = frame.function.rpartition(".")[0]
    node = _parsed(function)
    if not owner or "<" in owner or owner.endswith(_LASTING):
        return None
    if function.name.startswith("__") or function.name in _HOOKS:
        return None
    if (
        not isinstance(node, ast.FunctionDef)
        or [a.arg for a in _parameters(node)] != ["self"]
        or not _answers(node)
    ):
        return None
    lines = [line.rstrip() for line in function.lines]
    indent = len(lines[0]) - len(lines[0].lstrip())
    body = "\n".join(f"    {line[indent:]}".rstrip() for line in lines)
    return (
        "from django.utils.functional import cached_property\n\n"
        f"class {owner.rpartition('.')[2]}:\n    @cached_property\n{body}"
    )


def _parameters(node: ast.FunctionDef) -> list[ast.arg]:
    found = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [*found, *filter(None, (node.args.vararg, node.args.kwarg))]


def _answers(node: ast.FunctionDef) -> bool:
    """Whether the function gives a value, and does nothing besides with what is not its own."""
    returned = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(node))
    stored = (
        n
        for n in ast.walk(node)
        if isinstance(n, (ast.Attribute, ast.Subscript)) and not isinstance(n.ctx, ast.Load)
    )
    generates = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))
    done = any(isinstance(n, ast.Expr) and _does(n.value) for n in ast.walk(node))
    return returned and not generates and not done and next(stored, None) is None


def _does(statement: ast.expr) -> bool:
    """Whether an expression that stands by itself is more than a text or a list that grows."""
    if isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute):
        return not (statement.func.attr in _GROWING and isinstance(statement.func.value, ast.Name))
    return not isinstance(statement, ast.Constant)


def _last_name(decorator: str) -> str:
    return decorator.partition("(")[0].rpartition(".")[2]
