"""An index as Django code: a line of ``Meta.indexes``, and the migration that adds it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from queryaudit.advice.candidates import Candidate, Key
from queryaudit.advice.conditions import Compared
from queryaudit.records.definitions import Model
from queryaudit.records.plans import Relation
from queryaudit.sql.quoting import identifier

#: What Django allows.
NAME_LENGTH = 30

#: Apps of Django whose models nobody edits.
_DJANGOS = ("admin.", "auth.", "contenttypes.", "flatpages.", "redirects.", "sessions.", "sites.")
#: Schemas that need no name: PostgreSQL's own, SQLite's, and none.
_USUAL = ("public", "main", "")
_FUNCTIONS = {"upper": "Upper", "lower": "Lower", "date": "TruncDate"}
_KINDS = {"gin": "GinIndex", "brin": "BrinIndex"}
#: Operator classes that a type has by itself.
_BY_DEFAULT = {"array_ops", "tsvector_ops"}
_SUFFIXES = {"gin": "_gin", "brin": "_brin"}
_STATES = {
    Compared.IS_NULL: "__isnull=True",
    Compared.NOT_NULL: "__isnull=False",
    Compared.TRUE: "=True",
    Compared.FALSE: "=False",
}


def index_name(candidate: Candidate) -> str:
    """A name that says what it is, no longer than Django allows, and the same in every run."""
    columns = "_".join(f"{key.function}_{key.column}".strip("_") for key in candidate.keys)
    if any(key.opclass.endswith("_pattern_ops") for key in candidate.keys):
        columns += "_like"
    where = "_part" if candidate.where is not None else ""
    held = "_with_" + "_".join(candidate.include) if candidate.include else ""
    suffix = _SUFFIXES.get(candidate.method, "_idx")
    name = re.sub(r"\W", "_", f"{candidate.table}_{columns}{held}{where}{suffix}".lower())
    if len(name) <= NAME_LENGTH:
        return name.lstrip("_0123456789")
    digest = hashlib.blake2b("\x1f".join(candidate.words).encode(), digest_size=3).hexdigest()
    short = name[: NAME_LENGTH - len(suffix) - len(digest) - 1].strip("_0123456789")
    return f"{short}_{digest}{suffix}"


def index_expression(candidate: Candidate, model: Model | None) -> str:
    """``models.Index(fields=["customer", "-placed_at"], name="...")``."""
    name = f'name="{index_name(candidate)}"'
    arguments = [_keys(candidate.keys, model), name]
    if candidate.where is not None:
        column, state = candidate.where
        arguments.append(f"condition=models.Q({_field(column, model)}{_STATES[state]})")
    if candidate.include:
        held = ", ".join(f'"{_field(column, model)}"' for column in candidate.include)
        arguments.append(f"include=[{held}]")
    if candidate.method == "brin":
        arguments.append("autosummarize=True")
    functional = any(key.function for key in candidate.keys)
    opclasses = [key.opclass for key in candidate.keys]
    if any(opclasses) and not functional:
        shown = ", ".join(f'"{opclass}"' for opclass in opclasses if opclass)
        if all(opclasses) and not set(opclasses) <= _BY_DEFAULT:
            arguments.append(f"opclasses=[{shown}]")
    kind = _KINDS.get(candidate.method, "models.Index")
    return f"{kind}({', '.join(arguments)})"


def imports(candidate: Candidate) -> list[str]:
    """What the expression needs besides ``from django.db import models``."""
    found = []
    names = []
    if candidate.method in _KINDS:
        names.append(_KINDS[candidate.method])
    if any(key.function and key.opclass for key in candidate.keys):
        names.append("OpClass")
    if names:
        found.append(f"from django.contrib.postgres.indexes import {', '.join(names)}")
    functions = sorted({_FUNCTIONS[key.function] for key in candidate.keys if key.function})
    if functions:
        found.append(f"from django.db.models.functions import {', '.join(functions)}")
    return found


def meta_code(candidates: Sequence[Candidate], model: Model | None) -> str:
    """The lines to add to the model."""
    label = model.label if model is not None else candidates[0].table
    lines = sorted({line for candidate in candidates for line in imports(candidate)})
    lines += [
        *(["", ""] if lines else []),
        f"class {label.rpartition('.')[2]}(models.Model):",
        "    class Meta:",
        "        indexes = [  # beside those that are there",
        *(f"            {index_expression(candidate, model)}," for candidate in candidates),
        "        ]",
    ]
    return "\n".join(lines)


def migration_code(
    candidates: Sequence[Candidate], model: Model | None, *, concurrently: bool = True
) -> str:
    """A migration that adds the indexes, ``concurrently`` without keeping writers out."""
    label = model.label if model is not None else candidates[0].table
    app, _, name = label.rpartition(".")
    operation = "AddIndexConcurrently" if concurrently else "migrations.AddIndex"
    trigram = any(key.opclass == "gin_trgm_ops" for c in candidates for key in c.keys)
    lines = sorted({line for candidate in candidates for line in imports(candidate)})
    operations = [
        *(["TrigramExtension()"] if trigram else []),
        *(["AddIndexConcurrently"] if concurrently else []),
    ]
    if operations:
        bare = ", ".join(sorted(o.removesuffix("()") for o in operations))
        lines.append(f"from django.contrib.postgres.operations import {bare}")
    lines = [
        *sorted([*lines, "from django.db import migrations, models"]),
        "",
        "",
        "class Migration(migrations.Migration):",
        *(["    atomic = False", ""] if concurrently else []),
        f'    dependencies = [("{app or "app"}", "the latest migration")]',
        "    operations = [",
        *(["        TrigramExtension(),"] if trigram else []),
    ]
    for candidate in candidates:
        lines += [
            f"        {operation}(",
            f'            model_name="{name.lower()}",',
            f"            index={index_expression(candidate, model)},",
            "        ),",
        ]
    return "\n".join([*lines, "    ]"])


def may_build_concurrently(relation: Relation) -> bool:
    """PostgreSQL does, of tables that are not partitioned."""
    return relation.vendor == "postgresql" and not relation.partitions


def is_own(model: Model | None) -> bool:
    """Whether there is a model whose Meta somebody can edit."""
    return model is not None and not model.label.startswith(_DJANGOS)


def takes_indexes(model: Model | None) -> bool:
    """Whether what stands in a model's Meta comes to be in the database by a migration."""
    return model is not None and is_own(model) and model.managed


def statement_code(
    candidates: Sequence[Candidate], model: Model | None, *, concurrently: bool = True
) -> str:
    """A migration for a table without a model, or with one whose Meta makes no index of it."""
    app = model.label.partition(".")[0] if model is not None else "app"
    return "\n".join(
        [
            "from django.db import migrations",
            "",
            "",
            "class Migration(migrations.Migration):",
            *(["    atomic = False", ""] if concurrently else []),
            f'    dependencies = [("{app}", "the latest migration")]',
            "    operations = [",
            *(line for candidate in candidates for line in _operation(candidate, concurrently)),
            "    ]",
        ]
    )


def _operation(candidate: Candidate, concurrently: bool) -> list[str]:
    word = " CONCURRENTLY" if concurrently else ""
    schema = f"{identifier(candidate.schema)}." if candidate.schema not in _USUAL else ""
    made = ddl(candidate, schema + identifier(candidate.table))
    made = made.replace("CREATE INDEX", f"CREATE INDEX{word}", 1)
    return [
        "        migrations.RunSQL(",
        f"            {made!r},",
        f"            {f'DROP INDEX{word} {schema}{identifier(index_name(candidate))}'!r},",
        "        ),",
    ]


def ddl(candidate: Candidate, table: str) -> str:
    """The statement that Django makes of it, without its name's table space and storage options.

    ``table`` is the table's name in quotes: that of the candidate, or of a copy.
    """
    keys = ", ".join(_sql_key(key) for key in candidate.keys)
    where = ""
    if candidate.where is not None:
        name, state = candidate.where
        column = identifier(name)
        where = (
            " WHERE "
            + {
                Compared.IS_NULL: f"{column} IS NULL",
                Compared.NOT_NULL: f"{column} IS NOT NULL",
                Compared.TRUE: column,
                Compared.FALSE: f"NOT {column}",
            }[state]
        )
    held = ", ".join(identifier(column) for column in candidate.include)
    include = f" INCLUDE ({held})" if held else ""
    using = "" if candidate.method == "btree" else f" USING {candidate.method}"
    options = " WITH (autosummarize = on)" if candidate.method == "brin" else ""
    return (
        f'CREATE INDEX "{index_name(candidate)}" ON {table}'
        f"{using} ({keys}){include}{options}{where}"
    )


def _sql_key(key: Key) -> str:
    column = identifier(key.column)
    text = f"({key.function}({column}))" if key.function else column
    if key.function == "date":
        text = f"((({column} AT TIME ZONE '{key.time_zone}'))::date)"
    opclass = f" {key.opclass}" if key.opclass else ""
    return f"{text}{opclass}{' DESC' if key.descending else ''}"


def _keys(keys: Sequence[Key], model: Model | None) -> str:
    if any(key.function for key in keys):
        return ", ".join(_expression(key, model) for key in keys)
    shown = [f'"{"-" if key.descending else ""}{_field(key.column, model)}"' for key in keys]
    return f"fields=[{', '.join(shown)}]"


def _expression(key: Key, model: Model | None) -> str:
    field = f'"{_field(key.column, model)}"'
    text = f"{_FUNCTIONS[key.function]}({field})" if key.function else field
    return f'OpClass({text}, name="{key.opclass}")' if key.opclass else text


def _field(column: str, model: Model | None) -> str:
    """The name that the model has for a column."""
    for known in model.columns if model is not None else ():
        if known.column == column:
            return known.name
    return column
