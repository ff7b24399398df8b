"""Places that are not simply a line of Python: template tags, serializer fields, view classes."""

from __future__ import annotations

import sys
from types import CodeType, FrameType

from queryaudit.capture.codefiles import CodeFiles
from queryaudit.capture.positions import ADAPTS, Positions, positions
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind

#: Frames looked through for a view class.
_OWNER_REACH = 150


class Place:
    """One frame of a stack before its source is looked at."""

    __slots__ = (
        *("code", "floor", "kind", "lasti", "line", "loop", "name", "path", "plain", "rich"),
        "_position",
    )

    def __init__(
        self,
        kind: FrameKind,
        code: CodeType | None,
        lasti: int,
        path: str = "",
        line: int = 0,
        name: str = "",
    ) -> None:
        self.kind = kind
        self.code = code
        self.lasti = lasti
        self.path = path
        self.line = line
        self.name = name
        #: The unit of work begins on this line of the function: a loop around it is not part of it.
        self.floor = 0
        #: (line, text) where the frames themselves show a loop, as a template's for tag
        self.loop: tuple[int, str] | None = None
        #: What ``FrameResolver.plain`` made of it.
        self.plain: Frame | None = None
        #: What ``FrameResolver.rich`` made of it.
        self.rich: Frame | None = None
        self._position: Positions | None = None

    @property
    def position(self) -> Positions:
        """Where the instruction stands; of a place that is not in code, its line."""
        if self._position is None:
            code = self.code
            where = positions(code, self.lasti) if code is not None else None
            self._position = where or (self.line, None, None, None)
        return self._position

    @property
    def key(self) -> object:
        """What it shows, as plain values, which the garbage collector leaves alone. Places in code
        are kept, so that their ids remain their own."""
        if self.code is None:
            return (self.path, self.line, self.name)
        return id(self) if not self.floor else (id(self.code), self.lasti, self.floor)

    def above(self, floor: int) -> Place:
        """This place in a unit of work that begins on line ``floor`` of its function."""
        found = Place(self.kind, self.code, self.lasti)
        found.floor = floor
        return found


class Places:
    """The places in code that were met, each once however often it is met again."""

    __slots__ = ("_by_instruction", "_by_position")

    def __init__(self) -> None:
        self._by_instruction: dict[tuple[int, int], Place] = {}
        self._by_position: dict[tuple[object, ...], Place] = {}

    def at(self, kind: FrameKind, code: CodeType, lasti: int) -> Place:
        """The place of an instruction.

        An interpreter that adapts a call while its loop runs names another instruction in the
        first rounds than in the rest. Both have the same position in the source.
        """
        # A place keeps its code alive, so that the code's id remains its own.
        key = (id(code), lasti)
        place = self._by_instruction.get(key)
        if place is None:
            place = Place(kind, code, lasti)
            # Without columns, calls on one line can't be told apart by where they stand.
            known = ADAPTS and place.position[2] is not None
            key_in_source = (id(code), place.position if known else lasti)
            place = self._by_position.setdefault(key_in_source, place)
            self._by_instruction[key] = place
        return place


def template_place(frame: FrameType) -> tuple[str, int, str] | None:
    """File, line and tag of the template node that ``render_annotated`` renders."""
    node = frame.f_locals["self"]
    token = getattr(node, "token", None)
    origin = getattr(node, "origin", None)
    if token is None or origin is None:
        return None
    return str(origin.name), token.lineno or 0, token.contents


def field_place(frame: FrameType) -> tuple[type, str] | None:
    """Class and name of the serializer field, schema field or list column being read, or of the
    admin's field or filter being rendered."""
    names = frame.f_locals
    if "only_initial" in names:
        return _admin_field(names["self"])
    if "parent_type" in names:
        return _resolved(names["parent_type"], names.get("info"))
    if "cl" in names and "field_name" in names:
        return type(names["cl"].model_admin), f"list_display[{names['field_name']}]"
    field = names.get("self")
    if "model_admin" in names:
        return type(names["model_admin"]), f"list_filter[{getattr(field, 'field_path', '')}]"
    if "key" in names and hasattr(type(field), "__slots__"):
        schema = getattr(field, "_schema_cls", None)
        return (schema, str(names["key"])) if isinstance(schema, type) else None
    parent = getattr(field, "parent", None)
    name = getattr(field, "field_name", None)
    # A relation of a many=True field stands under a field of its own, without a name.
    while parent is not None and not name:
        name, parent = getattr(parent, "field_name", None), getattr(parent, "parent", None)
    if parent is None or not name:
        return None
    return type(parent), name


def _admin_field(bound: object) -> tuple[type, str] | None:
    """The admin's class that made a form for its field; None for other forms."""
    options = getattr(getattr(bound, "form", None), "_meta", None)
    making = getattr(getattr(options, "formfield_callback", None), "func", None)
    owner = getattr(making, "__self__", None)
    if not hasattr(owner, "formfield_for_dbfield"):
        return None
    return type(owner), f"field[{getattr(bound, 'name', '')}]"


def _resolved(graphql_type: object, info: object) -> tuple[type, str] | None:
    """The class that graphene or Strawberry made a GraphQL type of, and its field as Python has it.
    An alias is what somebody sent."""
    cls = getattr(graphql_type, "graphene_type", None)
    if cls is None:
        extensions = getattr(graphql_type, "extensions", None) or {}
        cls = getattr(extensions.get("strawberry-definition"), "origin", None)
    name: str = getattr(info, "field_name", "")
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return (cls, snake) if isinstance(cls, type) else None


def class_kind(cls: type, files: CodeFiles) -> FrameKind:
    """Whose code a class is."""
    path = _class_path(cls)
    return files.kind_of_path(path) if path else FrameKind.LIBRARY


def class_place(kind: FrameKind, cls: type, name: str = "") -> Place:
    """A class, or ``name`` of it; its line is looked up when the place matters.

    Until then it is what Python 3.13 or later knows of the class.
    """
    label = f"{cls.__qualname__}.{name}" if name else cls.__qualname__
    return Place(kind, None, -1, _class_path(cls), cls.__dict__.get("__firstlineno__", 0), label)


def owner_class(frame: FrameType) -> type | None:
    """The class of the view, admin or serializer whose method ``frame`` runs."""
    owner = frame.f_locals.get("self")
    # A template response is rendered when its view has returned. Looked up past __getattr__ and
    # properties: whatever object this is, its code must not run here.
    try:
        context = object.__getattribute__(owner, "__dict__").get("context_data")
    except AttributeError:
        context = None
    owner = context.get("view", owner) if isinstance(context, dict) else owner
    cls = type(owner)
    return cls if hasattr(cls, "get_queryset") else None


def owner_place(
    frame: FrameType | None, depth: int, files: CodeFiles, last: int
) -> tuple[int, FrameType, type, Place] | None:
    """The project's class on whose behalf only library code runs, if there is one, and the frame
    that shows it with its depth, which is ``last`` at most."""
    known = files.known
    last = min(last, depth + _OWNER_REACH)
    while frame is not None and depth <= last:
        code = frame.f_code
        file = known.get(code.co_filename) or files(code.co_filename)
        if not file.orm and code.co_argcount and code.co_varnames[0] == "self":
            cls = owner_class(frame)
            if cls is not None:
                kind = class_kind(cls, files)
                if kind is not FrameKind.LIBRARY:
                    return depth, frame, cls, class_place(kind, cls)
        depth += 1
        frame = frame.f_back
    return None


def _class_path(cls: type) -> str:
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None) or ""
