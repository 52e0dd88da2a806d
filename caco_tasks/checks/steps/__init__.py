"""The steps of a solution: where their numbers come from and where they lead. `step_grounding` is what others call."""
