"""Trees with parts of them replaced: bound variables renamed, values put in, ± as both of its signs."""

from collections.abc import Mapping

from caco_tasks.grading.exact_value import walk
from caco_tasks.grading.syntax_tree import Group, Node, Operation, Relation, Symbol


def substituted(node: Node, values: Mapping[str, Node]) -> Node:
    """The tree with every symbol of `values` replaced by its tree."""
    match node:
        case Symbol():
            return values.get(node.name, node)
        case Operation():
            return Operation(node.name, tuple(substituted(arg, values) for arg in node.args))
        case Group():
            return Group(node.kind, tuple(substituted(item, values) for item in node.items))
        case Relation():
            return Relation(node.ops, tuple(substituted(side, values) for side in node.sides))
        case _:
            return node


def arguments_of(label: Node) -> tuple[str, ...] | None:
    """The names of the variables that a label such as `f(x, y)` binds; None for other trees."""
    if not (isinstance(label, Operation) and label.name.startswith("call ")):
        return None
    names = tuple(arg.name for arg in label.args if isinstance(arg, Symbol))
    return names if len(names) == len(label.args) == len(set(names)) else None


def with_both_signs(node: Node) -> Node:
    """An operation with ± as the list of its two values; any other tree as it is."""
    if not isinstance(node, Operation) or not any(
        isinstance(part, Operation) and part.name in ("\\pm", "\\mp") for part in walk(node)
    ):
        return node
    return Group("bare", (_with_sign(node, plus=True), _with_sign(node, plus=False)))


def _with_sign(node: Node, *, plus: bool) -> Node:
    if not isinstance(node, Operation):
        return node
    args = tuple(_with_sign(arg, plus=plus) for arg in node.args)
    if node.name not in ("\\pm", "\\mp"):
        return Operation(node.name, args)
    positive = plus == (node.name == "\\pm")  # in a \pm b \mp c the signs are opposite
    return Operation("+", args if positive else (args[0], Operation("neg", (args[1],))))
