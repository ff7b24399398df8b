"""Values of the current request, as far as its view has them already. No stream is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any
from weakref import ref

from queryaudit.capture.scopes import Scope
from queryaudit.composition.matching import squeezed

#: Values looked at for one request, how long they may be, and how short.
_MAX_VALUES, _MAX_LENGTH, _MIN_LENGTH = 500, 2000, 3
_DEPTH = 4
_HEADERS = 30

#: Parts of a request whose names whoever asks chooses.
NAMED_PARTS = frozenset({"GET", "POST", "data", "body"})

#: Label of a parameter, as ``GET["q"]``, and its value without white space and case.
Input = tuple[str, str]


def attach(scope: Scope | None, request: Any) -> None:
    """Let ``scope`` know its request, for as long as somebody else keeps it."""
    if scope is not None:
        try:
            scope.request = ref(request)
        except TypeError:
            scope.request = None


def request_of(scope: Scope | None) -> Any:
    """The request that ``scope`` serves, or the one around it; None outside requests."""
    while scope is not None and scope.request is None:
        scope = scope.parent
    return scope.request() if scope is not None and scope.request is not None else None


def converted(scope: Scope | None) -> frozenset[str]:
    """Labels of what the URL pattern made something else of than text: ``<int:pk>``."""
    match = getattr(request_of(scope), "resolver_match", None)
    if match is None:
        return frozenset()
    names = [name for name, value in match.kwargs.items() if not isinstance(value, str)]
    return frozenset(f'{part}["{name}"]' for part in ("path", "kwargs") for name in names)


def inputs(scope: Scope | None, frame: FrameType | None) -> list[Input]:
    """What the request of ``scope`` brought along; empty outside requests."""
    request = request_of(scope)
    if request is None:
        return []
    found: list[Input] = []
    for label, value in _values(request, frame):
        if len(found) >= _MAX_VALUES:
            break
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and len(value) <= _MAX_LENGTH:
            plain = squeezed(value)
            if len(plain) >= _MIN_LENGTH:
                found.append((label, plain))
    return list(dict.fromkeys(found))


def names(scope: Scope | None, frame: FrameType | None) -> frozenset[str]:
    """The names of what the request's parameters, forms and documents hold, as far as they are
    long enough, without white space and case."""
    request = request_of(scope)
    if request is None:
        return frozenset()
    found: set[str] = set()
    for label, _ in _values(request, frame):
        part, _, rest = label.partition('["')
        if len(found) < _MAX_VALUES and part in NAMED_PARTS and rest:
            found.add(squeezed(rest.partition('"]')[0]))
    return frozenset(name for name in found if len(name) >= _MIN_LENGTH)


def _values(request: Any, frame: FrameType | None) -> Iterator[tuple[str, Any]]:
    known = request.__dict__
    yield from _of_lists("GET", request.GET)
    if "_post" in known:
        yield from _of_lists("POST", known["_post"])
    match = getattr(request, "resolver_match", None)
    if match is not None:
        yield from ((f'path["{name}"]', value) for name, value in match.kwargs.items())
        yield from (("path", value) for value in match.args)
    yield from ((f'COOKIES["{name}"]', value) for name, value in request.COOKIES.items())
    if "_body" in known:
        yield from _of_json(known["_body"])
    yield from _of_wrapper(frame)
    headers = [name for name in request.META if name.startswith("HTTP_") and name != "HTTP_COOKIE"]
    for name in headers[:_HEADERS]:
        label = name[5:].replace("_", "-").title()
        yield f'headers["{label}"]', request.META[name]


def _of_lists(label: str, values: Any) -> Iterator[tuple[str, Any]]:
    for name, several in values.lists():
        for value in several:
            yield f'{label}["{name}"]', value


def _of_json(body: bytes) -> Iterator[tuple[str, Any]]:
    if body[:1] not in (b"{", b"["):
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    yield from _leaves("body", value, _DEPTH)


def _leaves(label: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            yield from _leaves(f'{label}["{name}"]', inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value[:50]:
            yield from _leaves(label, inner, depth - 1)
    else:
        yield label, value


def _of_wrapper(frame: FrameType | None) -> Iterable[tuple[str, Any]]:
    """What Django REST framework has parsed already: its request holds it, Django's does not."""
    for _ in range(60):
        if frame is None:
            break
        if frame.f_code.co_name == "dispatch":
            request = getattr(frame.f_locals.get("self"), "request", None)
            data = getattr(request, "__dict__", {}).get("_full_data")
            if isinstance(data, dict):
                lists = getattr(data, "lists", None)
                return _of_lists("data", data) if lists else _leaves("data", data, _DEPTH)
        frame = frame.f_back
    return ()
