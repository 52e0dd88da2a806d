"""What can be recalled, and where its descent begins: whole outputs, or seed programs within outputs of `unify`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from caco_tasks.errors import AmbiguousIdError, ConfigError, UnknownIdError
from caco_tasks.format import offer_nearest
from caco_tasks.ids import ID_CHARS
from caco_tasks.ledger import recall_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.answer_rows import Row
from caco_tasks.pipeline import STAGES

Kind = Literal["source", "seed", "program", "model", "prompt", "check-version", "sandbox-version"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_SEEDS = ("source", "seed", "program")  # kinds whose descendants come through seed programs

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """Something that turned out to be bad.

    >>> Ancestor(kind="check-version", name="agree:3").name
    'agree:3'
    """

    kind: Kind
    name: str  # a source with or without @revision; an id; a prompt's name and version; STAGE:VERSION or a version of the code


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where the descent of an ancestor begins."""

    outputs: Sequence[int] = ()  # made by it, or with it
    taught: dict[int, int] = field(default_factory=dict)  # output of unify -> bad programs that it passed on
    shut_out: Sequence[Row] = ()  # records that were rejected because a bad seed or sample had come first
    rows: Sequence[Row] = ()  # published rows that are bad themselves
    made_of: Sequence[Row] = ()  # published rows whose program was made of a bad one


def resolve(connection: Connection, ancestor: Ancestor) -> Ancestor:
    """The ancestor by its whole name: of an id its beginning will do.

    Raises:
        UnknownIdError, AmbiguousIdError: the ledger knows none of this name, or several begin so.
    """
    kind, name = ancestor.kind, ancestor.name.strip()
    if kind in ("seed", "program"):
        return Ancestor(kind=kind, name=_whole_id(connection, kind, name))
    known = recall_queries.known_names(connection, kind)
    if kind == "model":  # the parts of a model with an adapter have names, too
        known = sorted({part for one in known for part in (one, *one.split("+"))})
    asked = name.partition("@")[0] if kind == "source" else name
    found = [one for one in known if one == asked] or [one for one in known if _is_id(asked) and one.startswith(asked)]
    if len(found) > 1:
        raise AmbiguousIdError(f"Several begin with '{name}': {', '.join(found[:5])}. Give more of the name.")
    if not found:
        raise UnknownIdError(f"The ledger knows no {kind.replace('-', ' ')} '{name}'{offer_nearest(asked, known)}.")
    return Ancestor(kind=kind, name=name if kind == "source" else found[0])


def find_beginning(connection: Connection, ancestor: Ancestor) -> Beginning:
    """What comes from an ancestor without a step between; it was resolved before.

    Raises:
        ConfigError: a version of a check names no stage.
    """
    name = ancestor.name
    match ancestor.kind:
        case "source":
            source, _, named = name.partition("@")
            revision = named or None
            return Beginning(
                taught=recall_queries.taught_by_source(connection, source, revision),
                shut_out=recall_queries.shut_out_by_source(connection, source, revision),
                made_of=recall_queries.rows_made_of_source(connection, source, revision),
            )
        case "seed":
            return Beginning(
                taught=recall_queries.taught_by_seed(connection, name),
                shut_out=recall_queries.shut_out_by(connection, [name]),
                made_of=recall_queries.rows_made_of_seed(connection, name),
            )
        case "program":
            rows = recall_queries.rows_with_program(connection, name)
            owners = {*recall_queries.seeds_with_program(connection, name), *(row["sample_id"] for row in rows)}
            return Beginning(
                taught=recall_queries.taught_by_program(connection, name),
                shut_out=recall_queries.shut_out_by(connection, sorted(owners)),
                rows=rows,
                made_of=recall_queries.rows_made_of_program(connection, name),
            )
        case "model":
            return Beginning(outputs=recall_queries.asked_model(connection, [name]))
        case "prompt":
            return Beginning(outputs=recall_queries.asked_prompt(connection, name))
        case "check-version":
            stage, separator, version = name.partition(":")
            if separator and stage not in STAGES:
                raise ConfigError(f"There is no stage '{stage}'{offer_nearest(stage, STAGES)}: give STAGE:VERSION.")
            if not separator:
                return Beginning(outputs=recall_queries.made_by_check(connection, None, name))
            return Beginning(outputs=recall_queries.made_by_check(connection, stage, version))
        case "sandbox-version":
            return Beginning(outputs=recall_queries.made_in_sandbox(connection, name))


def _whole_id(connection: Connection, kind: str, name: str) -> str:
    plain = name.replace("-", "").lower()
    if not _is_id(plain):
        raise UnknownIdError(f"'{name}' is no id of a {kind}: it is {ID_CHARS} hex digits, or the first of them.")
    found = recall_queries.ids_like(connection, kind, plain.ljust(ID_CHARS, "0"), plain.ljust(ID_CHARS, "f"))
    if len(found) > 1:
        raise AmbiguousIdError(f"Several {kind}s begin with '{name}': give more of the id.")
    if not found:
        more = " among seeds and published rows" if kind == "program" else ""
        raise UnknownIdError(f"The ledger knows no {kind} '{name}'{more}.")
    return found[0]


def _is_id(name: str) -> bool:
    return 4 <= len(name) <= ID_CHARS and set(name) <= _HEX
