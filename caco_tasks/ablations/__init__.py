"""Ablations: the same samples with and without each check, and a student of each. `docs/ablations.md` tells how to read them."""
