"""What a run pinned of the outside, held against what is there when a stage reads it: keys hold the one, rows the other."""

from collections.abc import Iterable

from caco_tasks.check_settings import BenchmarkSettings
from caco_tasks.checks.decontamination.benchmarks import benchmark_version
from caco_tasks.config import SourceSettings
from caco_tasks.context import Context
from caco_tasks.errors import SourceError
from caco_tasks.identity import BASE
from caco_tasks.llm.weights import pinned_identity
from caco_tasks.model_settings import ModelSettings, TrainSettings
from caco_tasks.sources import source_revision


def require_pinned_source(source: SourceSettings, context: Context) -> None:
    """Refuses a source whose content is not what the run pinned.

    Raises:
        SourceError: it was changed since the run was planned.
    """
    if context.run.sources.get(source.name, found := source_revision(source)) != found:
        raise SourceError(_explain_change(f"source '{source.name}'", context))


def require_pinned_benchmarks(benchmarks: Iterable[BenchmarkSettings], context: Context) -> None:
    """Refuses benchmarks whose content is not what the run pinned.

    Raises:
        SourceError: one was changed since the run was planned.
    """
    for benchmark in benchmarks:
        if context.run.benchmarks.get(benchmark.name, found := benchmark_version(benchmark)) != found:
            raise SourceError(_explain_change(f"benchmark '{benchmark.name}'", context))


def pinned_base_folder(settings: TrainSettings, context: Context) -> str:
    """The folder, or the Hub name, of the model that a training begins with.

    Raises:
        EngineError: its weights are not there, or not those that the run pinned.
    """
    base = ModelSettings(model=settings.base, revision=settings.revision, prompt="base")
    pinned_identity(base, context.run.models.get(BASE), context.services.models)
    return context.services.model_folder(settings.base, settings.revision)


def _explain_change(what: str, context: Context) -> str:
    return (
        f"The {what} was changed after run {context.run.run_id[:12]} was planned: restore its file, or give the new one "
        "another name in the config, which is another run."
    )
