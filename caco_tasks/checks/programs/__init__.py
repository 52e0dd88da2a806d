"""The rules of programs, and what trials of their inputs say. `program_rules` and `dead_inputs` are what others call."""
