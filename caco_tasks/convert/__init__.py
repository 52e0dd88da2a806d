"""Programs for annotated sources, without a model: literals bound to the question's numbers, graded, run, compared.

The parts: `scan` finds the numbers of a question; `trees` and `statements` hold a solution's arithmetic; the front ends
`gsm8k`, `equations` (with `solving`), `mathqa` and `coded` read the sources' annotations; `offers`, `constants` and
`binding` say what each literal is; `naming` and `rendering` write the program; `golds` and `grading` compare; `unify`
runs it all over a source.
"""

from caco_tasks.convert.conversion import Conversion
from caco_tasks.convert.grades import GradedConversion, check
from caco_tasks.convert.unify_sources import CONVERTERS, convert, unify_file, unify_seeds

__all__ = ["CONVERTERS", "Conversion", "GradedConversion", "check", "convert", "unify_file", "unify_seeds"]
