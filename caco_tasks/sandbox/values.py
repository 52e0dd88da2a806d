"""Values as tagged JSON: typed, readable, and safe to read back.

Plain JSON carries int, finite float, str, bool, None, list and dict with str keys. Everything else is an object
with the key `$type`; a dict that has this key itself is written as pairs.

    (1, 2)              {"$type": "tuple", "items": [1, 2]}
    {1, 2}              {"$type": "set", "items": [1, 2]}
    {1: "a"}            {"$type": "dict", "items": [[1, "a"]]}
    Fraction(1, 3)      {"$type": "Fraction", "value": "1/3"}
    float("nan")        {"$type": "float", "value": "nan"}
    sqrt(2)             {"$type": "sympy", "value": "sqrt(2)"}
    numpy.int64(3)      {"$type": "int64", "value": 3}
    numpy.ones(2)       {"$type": "ndarray", "dtype": "float64", "items": [1.0, 1.0]}
    date(2024, 2, 29)   {"$type": "date", "value": "2024-02-29"}

Lone surrogates and NUL are escaped as JSON escapes. Nothing here evaluates text: a sympy expression comes back
as `Symbolic`.
"""

import json
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from fractions import Fraction
from json import encoder as json_encoder
from typing import Any, Final

TYPE: Final = "$type"
MAX_DEPTH: Final = 60
MAX_NODES: Final = 50_000
MAX_JSON_DEPTH: Final = 3 * MAX_DEPTH + 10  # a dict that is written as pairs takes three levels
MAX_INT_BITS: Final = 14_000  # 4,214 digits: below the limit of the interpreter's own conversion to text


_is_finite = math.isfinite  # bound here, as is all that a program could patch


class UnserialisableError(ValueError):
    """The value has no tagged JSON; the message says why."""


class TooLargeError(ValueError):
    """The value, or its text, is over a cap; the message says which."""


class Symbolic:
    """A sympy expression as text: only a sandboxed program may turn it into an expression."""

    __slots__ = ("text",)  # not a dataclass: a zygote would have to load `inspect`

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbolic) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Symbolic({self.text!r})"


def encode(value: object, *, max_chars: int = 1 << 16) -> str:
    """`value` as tagged JSON of at most `max_chars` ASCII characters.

    Raises:
        UnserialisableError: some part is of another type, contains itself, or is nested deeper than `MAX_DEPTH`.
        TooLargeError: an integer, the number of parts or the text is over its cap.
    """
    return encode_with_tag(value, max_chars=max_chars)[0]


def encode_with_tag(value: object, *, max_chars: int) -> tuple[str, str]:
    """`value` as by `encode`, and its type tag."""
    tagged = _Encoder().tagged(value, 0)
    text = to_json(tagged)
    if len(text) > max_chars:
        raise TooLargeError(f"the value takes {len(text)} characters, more than {max_chars}")
    return text, _tag(tagged)


def decode(text: str, *, expression: Callable[[str], object] = Symbolic) -> object:
    """The value that tagged JSON stands for; numpy's need numpy, and `expression` makes sympy's from their text.

    Raises:
        ValueError: the text is not tagged JSON.
    """

    def untagged(found: dict[str, Any]) -> Any:
        if TYPE not in found:
            return found
        if found[TYPE] == "sympy":
            return expression(found["value"])
        return _READERS.get(found[TYPE], _numpy_scalar)(found)

    try:
        return json.loads(text, object_hook=untagged)
    except (KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as exc:
        raise ValueError(f"This is not tagged JSON: {type(exc).__name__}: {exc}.") from exc


def checked_tag_of(text: str) -> str:
    """The type tag of a value in tagged JSON, when the text is as `encode` writes it, so that it can be read back.

    Raises:
        ValueError: the text is not canonical, is nested too deep, has a number that JSON lacks, or stands for no value.
        RecursionError: it is nested deeper than the interpreter reads.
    """
    tagged = json.loads(text)
    if to_json(tagged) != text or _is_too_deep(tagged):
        raise ValueError("This is not tagged JSON as it is written here.")
    if TYPE in text:
        decode(text)
    return _tag(tagged)


def _is_too_deep(tagged: Any) -> bool:
    layer, depth = [tagged], 0
    while layer and depth <= MAX_JSON_DEPTH:
        dicts = [part.values() for part in layer if type(part) is dict]
        layer = [item for inner in (*dicts, *(part for part in layer if type(part) is list)) for item in inner]
        depth += 1
    return bool(layer)


def _tag(tagged: Any) -> str:
    if type(tagged) is dict and TYPE in tagged:
        return str(tagged[TYPE])
    return "None" if tagged is None else type(tagged).__name__


# c_make_encoder(markers, default, string encoder, indent, key and item separators, sort_keys, skipkeys, allow_nan)
_CHUNKS: Final[Callable[[object, int], Iterable[str]]] = json_encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, None, json_encoder.encode_basestring_ascii, None, ": ", ", ", False, False, False
)


def to_json(value: object) -> str:
    """Plain JSON in ASCII of what has only plain parts; a program that patches the json module does not change it."""
    return "".join(_CHUNKS(value, 0))


class _Encoder:
    """One encoding: counts the parts, and refuses what would not end."""

    __slots__ = ("nodes",)

    def __init__(self) -> None:
        self.nodes = 0

    def tagged(self, value: Any, depth: int) -> Any:
        kind = type(value)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise TooLargeError(f"the value has more than {MAX_NODES} parts")
        if kind in _PLAIN:
            return value
        if kind is int:
            return _checked_int(value)
        if kind is float:
            return value if _is_finite(value) else {TYPE: "float", "value": repr(value)}
        if depth >= MAX_DEPTH:
            raise UnserialisableError(f"the value is nested deeper than {MAX_DEPTH} levels, or contains itself")
        if kind is list:
            return [self.tagged(item, depth + 1) for item in value]
        return self._composite(kind, value, depth + 1)

    def _composite(self, kind: type, value: Any, depth: int) -> Any:
        if kind in _DICTS:
            return self._dict(value, depth)
        if kind in _SEQUENCES:
            return {TYPE: _SEQUENCES[kind], "items": [self.tagged(item, depth) for item in value]}
        if kind in _SETS:
            return {TYPE: kind.__name__, "items": self._sorted(value, depth)}
        if kind in _SCALARS:
            return {TYPE: kind.__name__, "value": _SCALARS[kind](value)}
        if kind.__module__ == "datetime" and issubclass(kind, date):  # also the class that `clock` puts in its place
            is_moment = issubclass(kind, datetime)
            text = datetime.isoformat(value) if is_moment else date.isoformat(value)
            return {TYPE: "datetime" if is_moment else "date", "value": text}
        if issubclass(kind, tuple):  # a named tuple
            return {TYPE: "tuple", "items": [self.tagged(item, depth) for item in tuple.__iter__(value)]}
        return self._of_library(kind, value, depth)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        pairs = list(dict.items(value))
        if all(type(key) is str for key, _ in pairs) and TYPE not in value:
            return {key: self.tagged(item, depth) for key, item in pairs}
        return {TYPE: "dict", "items": [[self.tagged(key, depth), self.tagged(item, depth)] for key, item in pairs]}

    def _sorted(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Members in an order that does not follow from the hash seed: by value where they compare, else by text."""
        items = [self.tagged(item, depth) for item in value]
        kinds = {type(item) for item in items}
        if kinds <= {int, float} or kinds == {str}:
            return sorted(items)
        return sorted(items, key=to_json)

    def _of_library(self, kind: type, value: Any, depth: int) -> Any:
        """A value of numpy or sympy, if the program has loaded them."""
        numpy, sympy = sys.modules.get("numpy"), sys.modules.get("sympy")
        if numpy is not None and kind.__module__ == "numpy":
            if issubclass(kind, numpy.ndarray):
                return self._array(value, depth)
            if issubclass(kind, numpy.generic) and kind.__name__ in _NUMPY_SCALARS:
                item = value.item()  # of a longdouble: itself
                return {TYPE: kind.__name__, "value": str(value) if type(item) is kind else self.tagged(item, depth)}
        if sympy is not None and kind.__module__.partition(".")[0] == "sympy":
            return {TYPE: "sympy", "value": _text_of_sympy(value)}
        if kind.__module__.startswith("mpmath.") and kind.__name__ == "mpf":
            return {TYPE: "mpf", "value": str(value)}
        raise UnserialisableError(f"a value of type {kind.__module__}.{kind.__qualname__} has no tagged JSON")

    def _array(self, value: Any, depth: int) -> Any:
        if value.size > MAX_NODES:
            raise TooLargeError(f"the array has {value.size} elements, more than {MAX_NODES}")
        return {TYPE: "ndarray", "dtype": str(value.dtype), "items": self.tagged(value.tolist(), depth)}


def _checked_int(value: int) -> int:
    bits = value.bit_length()
    if bits > MAX_INT_BITS:
        raise TooLargeError(f"an integer has {bits} bits, more than {MAX_INT_BITS}")
    return value


def _text_of_fraction(value: Fraction) -> str:
    return f"{_checked_int(value.numerator)}/{_checked_int(value.denominator)}"


def _text_of_complex(value: complex) -> list[Any]:
    return [part if _is_finite(part) else repr(part) for part in (value.real, value.imag)]


def _text_of_sympy(value: Any) -> str:
    text = str(value)
    if type(text) is not str:
        raise UnserialisableError("an expression's text is not a string")
    return text


_PLAIN: Final = frozenset({str, bool, type(None)})
_DICTS: Final = frozenset({dict, OrderedDict, defaultdict, Counter})
_SEQUENCES: Final = {tuple: "tuple", deque: "deque"}
_SETS: Final = frozenset({set, frozenset})
_SCALARS: Final[dict[type, Callable[[Any], Any]]] = {
    Fraction: _text_of_fraction,
    Decimal: str,
    complex: _text_of_complex,
    bytes: bytes.hex,
    range: lambda value: [_checked_int(part) for part in (value.start, value.stop, value.step)],
    clock_time: clock_time.isoformat,
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
}


def _complex(found: dict[str, Any]) -> complex:
    real, imaginary = found["value"]
    return complex(float(real), float(imaginary))


def _fraction(found: dict[str, Any]) -> Fraction:
    numerator, _, denominator = found["value"].partition("/")  # never Fraction(text), which takes exponents
    return Fraction(int(numerator), int(denominator))


def _array(found: dict[str, Any]) -> Any:
    import numpy

    if found["dtype"] in _NUMPY_SCALARS:
        return numpy.array(found["items"], dtype=found["dtype"])
    made = numpy.array(found["items"], dtype=object)  # never a dtype that the program has named
    widths = [len(item) if type(item) is str else MAX_NODES for item in made.flat]
    is_text = found["dtype"].startswith("<U") and len(widths) * max(widths, default=0) <= MAX_NODES
    return made.astype(str) if is_text else made


_NAMES_OF_NUMPY: Final = """
bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 longlong ulonglong float16 float32 float64 longdouble
complex64 complex128 str_ bytes_
"""
_NUMPY_SCALARS: Final = frozenset(_NAMES_OF_NUMPY.split())


def _numpy_scalar(found: dict[str, Any]) -> Any:
    import numpy

    if found[TYPE] not in _NUMPY_SCALARS:
        raise KeyError(found[TYPE])
    return numpy.dtype(found[TYPE].rstrip("_")).type(found["value"])


_READERS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "tuple": lambda found: tuple(found["items"]),
    "deque": lambda found: deque(found["items"]),
    "range": lambda found: range(*found["value"]),
    "set": lambda found: set(found["items"]),
    "frozenset": lambda found: frozenset(found["items"]),
    "dict": lambda found: dict(found["items"]),
    "float": lambda found: float(found["value"]),
    "Fraction": _fraction,
    "Decimal": lambda found: Decimal(found["value"]),
    "mpf": lambda found: Decimal(found["value"]),
    "complex": _complex,
    "bytes": lambda found: bytes.fromhex(found["value"]),
    "date": lambda found: date.fromisoformat(found["value"]),
    "datetime": lambda found: datetime.fromisoformat(found["value"]),
    "time": lambda found: clock_time.fromisoformat(found["value"]),
    "timedelta": lambda found: timedelta(*found["value"]),
    "ndarray": _array,
}
