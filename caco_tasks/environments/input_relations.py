"""Conditions on numbers that probing finds: all draws that were valid meet them, and many of the others do not.

They only make drawing faster: every instance is executed and held to the conditions themselves.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import permutations

from caco_tasks.environments.environment_record import Leaf, Number, Relation

MIN_VALID = 12  # draws, or nothing is learnt
MIN_REFUSED_SHARE = 0.5  # of the refused draws, that do not meet it
FACTORS = (100, 60, 50, 25, 20, 12, 10, 5, 4, 3, 2)

Draw = Mapping[Leaf, Number]


def find_relations(valid: Sequence[Draw], refused: Sequence[Draw]) -> tuple[Relation, ...]:
    """What distinguishes valid draws: one number a multiple of another or of a constant, or less than another."""
    if len(valid) < MIN_VALID or not refused:
        return ()
    leaves = list(valid[0])
    candidates = [
        *(Relation(kind="multiple_of", left=one, right=other) for one, other in permutations(leaves, 2)),
        *(Relation(kind="multiple_of", left=one, right=factor) for one in leaves for factor in FACTORS),
        *(Relation(kind="less_than", left=one, right=other) for one, other in permutations(leaves, 2)),
    ]
    found: dict[Leaf, Relation] = {}  # one for each number: moving it for another would undo the first
    for relation in candidates:
        if relation.left in found or _would_circle(relation, found):
            continue
        if all(meets(draw, relation) for draw in valid):
            broken = sum(not meets(draw, relation) for draw in refused)
            if broken >= MIN_REFUSED_SHARE * len(refused):
                found[relation.left] = relation
    return tuple(found.values())


def meets(draw: Draw, relation: Relation) -> bool:
    """Whether a draw meets a relation."""
    left = draw[relation.left]
    right = draw[relation.right] if isinstance(relation.right, tuple) else Fraction(relation.right)
    return left % right == 0 if relation.kind == "multiple_of" else left < right


def _would_circle(relation: Relation, found: Mapping[Leaf, Relation]) -> bool:
    """Whether the number on the left already stands on the right of one: moving it now would undo that."""
    return any(relation.left == one.right for one in found.values())
