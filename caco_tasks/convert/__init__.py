"""Programs for annotated sources, without a model: literals bound to the question's numbers, graded, run, compared.

A seed goes through these modules: `annotation` reads what the source wrote down; the front ends `gsm8k`,
`equation_systems` (with `solving`), `mathqa` and `coded` make `solution_steps` of it, whose arithmetic is an `expression`;
`question_numbers` finds the numbers of the question; `offers` (with `number_forms` and `constants`) lists what a literal may
be, and `binding` chooses; `rendering` (with `naming`) writes the program; `golds` and `grades` compare what it returns.
`unify_sources` runs it all over a source.

`redraw` makes more problems of converted seeds, with other numbers: `fixed_numbers` says which may change,
`number_draws` draws them, `solution_tokens` traces them through a solution, `solution_lines` writes one where there is none.
"""

from caco_tasks.convert.conversion import Conversion
from caco_tasks.convert.grades import GradedConversion, check
from caco_tasks.convert.unify_sources import CONVERTERS, convert, unify_file, unify_seeds

__all__ = ["CONVERTERS", "Conversion", "GradedConversion", "check", "convert", "unify_file", "unify_seeds"]
