"""The rules of problems that were written back from programs. `problem_rules` is what others call."""
