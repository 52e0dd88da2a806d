"""Whether two single values are the same answer: words, numbers, expressions, towers of powers, infinity."""

from fractions import Fraction

from caco_tasks.exact import NoValueError
from caco_tasks.grading.bindings import same_up_to_constant
from caco_tasks.grading.exact_value import exact, symbols, walk
from caco_tasks.grading.numeric_probe import compare_constants, same_at_points
from caco_tasks.grading.precision import same_as_shown, shown
from caco_tasks.grading.residues import residue
from caco_tasks.grading.syntax_tree import Node, Number, Operation, Symbol, Words, product_of

MAX_LETTERS = 4  # of a word that may be a product
PRIMES = (2_147_483_647, 2_147_483_629, 1_000_000_007)  # equal residues of all three: equal towers
YES_NO = {"yes": "true", "no": "false"}


def equal_words(gold: Node, pred: Node) -> bool | None:
    """Words are compared blind to case; a letter may be the name of something."""
    for words, other in ((gold, pred), (pred, gold)):
        # abc may be a word and a * b * c
        if isinstance(words, Words) and isinstance(other, Operation):
            letters = words.text
            if letters.isalpha() and len(letters) <= MAX_LETTERS and set(letters) == symbols(other):
                return same_at_points(product_of(list(map(Symbol, letters))), other)
    texts = [
        node.text if isinstance(node, Words) else node.name.casefold() if isinstance(node, Symbol) else None
        for node in (gold, pred)
    ]
    return None not in texts and YES_NO.get(texts[0] or "", texts[0]) == YES_NO.get(texts[1] or "", texts[1])


def equal_scalars(gold: Node, pred: Node) -> bool | None:
    """Numbers are compared exactly or by the digits shown, expressions at points, towers of powers by their residues."""
    if gold == pred:
        return True
    values = _exact_or_none(gold), _exact_or_none(pred)
    if values[0] is not None and values[1] is not None:
        return same_as_shown(shown(gold, values[0]), shown(pred, values[1]))
    if _sign_of_infinity(gold) or _sign_of_infinity(pred):
        return _sign_of_infinity(gold) == _sign_of_infinity(pred)
    if symbols(gold) or symbols(pred):
        same = same_at_points(gold, pred)
        up_to_constant = None if same else same_up_to_constant(gold, pred)
        return same if up_to_constant is None else up_to_constant
    same = _same_residues(gold, pred, values)
    return same if same is not None else _same_numbers(gold, pred, values)


def _exact_or_none(node: Node) -> Fraction | None:
    try:
        return exact(node)
    except NoValueError:
        return None


def _same_numbers(gold: Node, pred: Node, values: tuple[Fraction | None, Fraction | None]) -> bool | None:
    compared = compare_constants(gold, pred)
    if any(same for same, _ in compared):
        return True
    for approximated in [both for _, both in compared if both is not None]:
        sides = [
            shown(node, value if value is not None else approximation)
            for node, value, approximation in zip((gold, pred), values, approximated, strict=True)
        ]
        if any(side.decimals is not None for side in sides) and same_as_shown(*sides):
            return True
    has_decimals = any(isinstance(node, Number) and node.decimals is not None for node in (gold, pred))
    return False if has_decimals else compared[0][0]


def _same_residues(gold: Node, pred: Node, values: tuple[Fraction | None, Fraction | None]) -> bool | None:
    """Decides towers of powers that no machine can write out; None for other trees."""
    try:
        # A value that can be written out, or that a symbol such as pi keeps from being whole, has no use for residues.
        unwritten = [node for node, value in zip((gold, pred), values, strict=True) if value is None]
        if all(any(isinstance(part, Symbol) for part in walk(node)) for node in unwritten):
            return None
        return all(residue(gold, prime) == residue(pred, prime) for prime in PRIMES)
    except NoValueError:
        return None


def _sign_of_infinity(node: Node) -> int:
    if node == Symbol("oo"):
        return 1
    if isinstance(node, Operation) and node.name == "neg":
        return -_sign_of_infinity(node.args[0])
    return 0
