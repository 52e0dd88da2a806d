"""Shared by the stages that look up protected benchmarks: the index of a run's benchmarks, and a sample's answer."""

from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, benchmark_index
from caco_tasks.context import Context
from caco_tasks.records import Sample
from caco_tasks.stages.shared.pinned import require_pinned_benchmarks


def open_benchmark_index(context: Context) -> BenchmarkIndex | None:
    """The index of a run's benchmarks, whose hash goes into the manifest; None where the config protects none.

    Raises:
        SourceError: a benchmark file is missing or malformed, or was changed since the run was planned.
    """
    if not context.config.decontamination.protected:
        return None
    require_pinned_benchmarks(context.config.decontamination.protected, context)
    index = benchmark_index(context.config.decontamination, context.services.index_folder())
    context.facts.setdefault("artifacts", {})["benchmark_index"] = index.hash
    return index


def sample_answer(sample: Sample) -> str | None:
    """The final answer of a sample's solution, or else what its program returned."""
    # before `solve` there is only the program's output
    if sample.solution is not None and sample.solution.answer is not None:
        return sample.solution.answer
    return None if sample.execution is None else sample.execution.output_text
