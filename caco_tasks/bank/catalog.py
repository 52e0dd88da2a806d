"""All problem families of the bundled bank, in a fixed order."""

from caco_tasks.bank import (
    algebra,
    algorithms,
    arithmetic,
    combinatorics,
    finance,
    geometry,
    logic,
    number_theory,
    probability_statistics,
    science,
    sequences,
)
from caco_tasks.bank.family import Family

FAMILIES: tuple[Family, ...] = (
    *arithmetic.FAMILIES,
    *algebra.FAMILIES,
    *number_theory.FAMILIES,
    *combinatorics.FAMILIES,
    *probability_statistics.FAMILIES,
    *geometry.FAMILIES,
    *sequences.FAMILIES,
    *algorithms.FAMILIES,
    *logic.FAMILIES,
    *finance.FAMILIES,
    *science.FAMILIES,
)
