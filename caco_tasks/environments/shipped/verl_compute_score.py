"""The reward function of `verl` for these instances. An export of Caco.

custom_reward_function.path=compute_score.py custom_reward_function.name=compute_score
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # verl loads this file by its path

from caco_reward.reward import reward


def compute_score(data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None, **_: Any) -> float:
    """1.0 where the final answer of the solution is the known one, else 0.0."""
    return reward(solution_str, ground_truth)
