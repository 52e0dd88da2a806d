"""Programs made of verified programs: two composed into one, or one mutated.

`template.py` reads and writes programs of the unified template, `input_units.py` says what a name counts or measures,
`compose.py` and `mutate.py` make new programs, `probes.py` says which of them have plausible numbers, `breeding.py` puts them
together: parents and places of a draw in, programs out. Nothing here runs a program but through the sandbox. Where the same
parents come to other programs than before, `ids.OFFSPRING_VERSION` is raised.
"""

from caco_tasks.offspring.breeding import Bred, Kind, breed, kind_of_place
from caco_tasks.offspring.parents import Parent, read_parents

__all__ = ["Bred", "Kind", "Parent", "breed", "kind_of_place", "read_parents"]
