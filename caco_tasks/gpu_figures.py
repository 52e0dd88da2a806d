"""Published figures of GPUs, engines and trainings, each with its source and date: for shares of a peak, and for estimates.

Nothing here was measured by this project. An estimate takes what the ledger has measured before any of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass

GPU = "A100 80 GB"  # the kind that all speeds below are of


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedFigure:
    """How fast a kind of GPU worked on a model of some size."""

    weights: float  # billions
    tokens_per_second: float  # of one GPU: prompt and reply together, or trained tokens
    source: str  # who, where and when; how many GPUs shared the work


ENGINE_SPEEDS = (  # vLLM, bfloat16, chats of ShareGPT (some 200 tokens asked and 200 written), as many at once as fit
    SpeedFigure(weights=7, tokens_per_second=7516, source="vLLM 0.4.3, Llama 7B, vllm-project/vllm#5046, May 2024"),
    SpeedFigure(weights=14, tokens_per_second=3922, source="GPUStack, Qwen3-14B under vLLM 0.11.0, end of 2025"),
    SpeedFigure(weights=32, tokens_per_second=1731, source="GPUStack, Qwen3-32B under vLLM 0.11.0, end of 2025"),
    SpeedFigure(
        weights=70, tokens_per_second=1221, source="vLLM 0.4.3, Llama 70B on 4 GPUs, vllm-project/vllm#5046, May 2024"
    ),
)
TRAINING_SPEEDS = (  # all weights, bfloat16, FSDP, rows without padding
    SpeedFigure(weights=7, tokens_per_second=3700, source="PyTorch and IBM, Llama 7B on 128 GPUs, March 2024"),
)
NEAR = 1.25  # a model of other size takes a figure if the sizes differ by no more than this factor

PAPER = "the paper, arXiv 2510.04081, October 2025"
PAPER_SHARES: Mapping[str, float] = {  # of the records that a stage reads, how many pass it
    "unify": 146 / 339,  # thousand programs of problems
    "screen": 4.6 / 5.3,  # million programs that ran and kept the rules, of those sampled
    "judge": 1.349 / 4.6,  # million rows, of the problems solved: answers that agree, and the judge's yes
}
SOURCE_RECORDS: Mapping[str, int] = {  # of a reader: records of the dataset as published
    "gsm8k": 7_473,
    "math": 7_500,
    "deepscaler": 40_000,
    "big_math": 251_000,
    "kodcode": 487_000,
}
BENCHMARK_ITEMS: Mapping[str, int] = {  # of a benchmark's usual name: items of its test set
    "gsm8k": 1_319,
    "math": 5_000,
    "college_math": 2_818,
    "deepmind_math": 1_000,
    "olympiadbench": 674,
    "theoremqa": 800,
}

# Dense bfloat16 operations a second with sums in float32, by NVIDIA's data sheets and its white paper on Ada; the first part
# that stands in the name of a device counts.
PEAK_FLOPS: Mapping[str, float] = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10G": 70e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
}


def peak_flops(device: str) -> float | None:
    """The peak of a device in dense bfloat16 operations a second, by the name that its driver gives; None: not listed.

    >>> peak_flops("NVIDIA A100-SXM4-80GB")
    312000000000000.0
    """
    return next((flops for part, flops in PEAK_FLOPS.items() if part in device), None)


def model_flops_share(weights: float, tokens_per_second: float, device: str, *, is_lora: bool = False) -> float | None:
    """The share of a device's peak that a training uses (MFU): 6 · weights · tokens/s ÷ peak FLOP/s.

    Six operations for each weight and token: two forward, four backward (Kaplan et al., arXiv 2001.08361, section 2.1),
    of which two are for the gradients of the weights: a LoRA adapter saves these, and 4 stands in place of 6. Attention,
    activations computed twice and the adapter itself are left out. `weights` is the number of all that the model has,
    `tokens_per_second` that of one device. None: the device is not listed.

    >>> round(model_flops_share(7e9, 3700, "NVIDIA A100-SXM4-80GB"), 3)
    0.498
    """
    peak = peak_flops(device)
    return None if peak is None else (4 if is_lora else 6) * weights * tokens_per_second / peak


def published_speed(speeds: tuple[SpeedFigure, ...], weights: float | None) -> SpeedFigure | None:
    """The figure of the model nearest in size, scaled to `weights` billions; None where none is near.

    Tokens a second go with one over the number of weights.

    >>> round(published_speed(ENGINE_SPEEDS, 8).tokens_per_second)
    6576
    """
    if weights is None:
        return None
    nearest = min(speeds, key=lambda figure: max(figure.weights / weights, weights / figure.weights))
    factor = nearest.weights / weights
    if not 1 / NEAR <= factor <= NEAR:
        return None
    return SpeedFigure(weights=weights, tokens_per_second=nearest.tokens_per_second * factor, source=nearest.source)
