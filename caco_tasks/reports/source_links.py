"""Where a source of seeds is published, for the sources that configs usually name so."""

from collections.abc import Mapping

# the name of a source, or what it begins with -> its page
LINKS: Mapping[str, str] = {
    "asdiv": "https://github.com/chaochun/nlu-asdiv-dataset",
    "big_math": "https://huggingface.co/datasets/SynthLabsAI/Big-Math-RL-Verified",
    "deepscaler": "https://huggingface.co/datasets/agentica-org/DeepScaleR-Preview-Dataset",
    "gsm8k": "https://github.com/openai/grade-school-math",
    "gsm_plus": "https://huggingface.co/datasets/qintongli/GSM-Plus",
    "gsm_symbolic": "https://github.com/apple/ml-gsm-symbolic",
    "humaneval": "https://github.com/openai/human-eval",
    "kodcode": "https://huggingface.co/datasets/KodCode/KodCode-V1",
    "math": "https://github.com/hendrycks/math",
    "mathqa": "https://math-qa.github.io",
    "mawps": "https://github.com/sroy9/mawps",
    "mbpp": "https://github.com/google-research/google-research/tree/master/mbpp",
    "olympiadbench": "https://github.com/OpenBMB/OlympiadBench",
    "omni_math": "https://huggingface.co/datasets/KbsdJames/Omni-MATH",
    "svamp": "https://github.com/arkilpatel/SVAMP",
    "theoremqa": "https://github.com/TIGER-AI-Lab/TheoremQA",
}


def source_link(name: str) -> str | None:
    """The page of a source; None: its name is none of those.

    >>> source_link("gsm8k-train")
    'https://github.com/openai/grade-school-math'
    """
    key = name.replace("-", "_")
    found = [known for known in LINKS if key == known or key.startswith(f"{known}_")]
    return LINKS[max(found, key=len)] if found else None
