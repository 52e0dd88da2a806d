"""What the tasks of Caco tell OpenLineage: datasets with schema and size, and the funnel as a facet.

Airflow's provider takes it from here where `[openlineage] extractors` names `caco.lineage.TaskExtractor`, for every function
that is a task: it knows of what one of another DAG reads nothing, and leaves it to the provider.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import attrs
from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    RunFacet,
    dataset_type_dataset,
    dataset_version_dataset,
    datasource_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
    storage_dataset,
)

from caco_tasks.reports.stage_lineage import SOURCES, LineageDataset, TaskLineage

if TYPE_CHECKING:
    import pyarrow as pa

FUNNEL_FACET = "caco_funnel"
FUNNEL_SCHEMA = "urn:caco:openlineage:funnel-run-facet:1"  # docs/observability.md has its fields
DAGS = "caco_"  # what the names of our DAGs begin with


@attrs.define
class FunnelRunFacet(RunFacet):
    """The run of ours that a task works for, and what became of its records."""

    run_id: str
    pipeline: str
    partition: str
    stages: list[dict[str, Any]]  # `caco_tasks.reports.stage_lineage.StageFunnel`

    @staticmethod
    def _get_schema() -> str:
        return FUNNEL_SCHEMA


class TaskExtractor(BaseExtractor):
    """Datasets and facets of one task, looked up in the ledger."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """The operators that it is asked about: functions with `@task`."""
        return ["_PythonDecoratedOperator"]

    def _execute_extraction(self) -> OperatorLineage | None:
        """What is known now: before the task has run, of its inputs alone; None of a task that is not ours."""
        if not self.operator.dag_id.startswith(DAGS):
            return None
        found = find_lineage(self.operator.task_id, self.operator.op_args, self.operator.op_kwargs)
        return None if found is None else describe(*found)


def find_lineage(task_id: str, args: Collection[Any], kwargs: Mapping[str, Any]) -> tuple[TaskLineage, str] | None:
    """What a task reads and writes, and the root of the store; None for one that works for no run, or not yet.

    Raises:
        CacoError: ledger or store do not answer.
    """
    from caco_tasks import tasks
    from caco_tasks.pipeline import stages_of
    from caco_tasks.reports.stage_lineage import run_lineage, stage_lineage
    from caco_tasks.store import open_store

    planned = kwargs.get("planned") or next(iter(args), None)
    run_id = kwargs.get("run_id") or (planned[0]["run_id"] if isinstance(planned, list) and planned else None)
    if run_id is None:
        return None
    stage, shards = kwargs.get("stage", task_id.rpartition(".")[2]), list(kwargs.get("shards", [0]))
    with tasks.open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = tasks.read_run(store, run_id, reached)
        if stage in {spec.name for spec in stages_of(run.pipeline)}:
            return stage_lineage(ledger, store, run, stage, shards), store.root
        return run_lineage(ledger, run), store.root


def describe(lineage: TaskLineage, root: str) -> OperatorLineage:
    """The lineage of a task in the words of OpenLineage."""
    run = lineage.run
    told = {"run_id": run.run_id, "pipeline": run.pipeline, "partition": run.partition}
    return OperatorLineage(
        inputs=[_describe_input(dataset, root) for dataset in lineage.inputs],
        outputs=[_describe_output(dataset, root) for dataset in lineage.outputs],
        run_facets={FUNNEL_FACET: FunnelRunFacet(**told, stages=[asdict(stage) for stage in lineage.funnel])},
    )


def _describe_input(dataset: LineageDataset, root: str) -> Dataset:
    counts = {"rowCount": dataset.rows, "size": dataset.bytes, "fileCount": dataset.files}
    statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(**counts)
    facets = {"inputStatistics": statistics} if dataset.rows is not None else {}
    return InputDataset(**_place(dataset, root), inputFacets=facets)


def _describe_output(dataset: LineageDataset, root: str) -> Dataset:
    counts = {"rowCount": dataset.rows, "size": dataset.bytes, "fileCount": dataset.files}
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(**counts)
    facets = {"outputStatistics": statistics} if dataset.rows is not None else {}
    return OutputDataset(**_place(dataset, root), outputFacets=facets)


def _place(dataset: LineageDataset, root: str) -> dict[str, Any]:
    """Namespace, name and facets of a dataset, as the specification names those of a store."""
    is_stored = dataset.kind != "SOURCE"
    store, _, folder = root.partition("://")
    bucket, _, prefix = folder.partition("/") if store == "s3" else ("", "", folder.strip("/"))
    name = "/".join(part for part in (prefix, dataset.name) if part)
    namespace = (f"s3://{bucket}" if store == "s3" else store) if is_stored else SOURCES
    facets: dict[str, DatasetFacet] = {"datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(dataset.kind)}
    if is_stored:
        uri = f"{root.rstrip('/')}/{dataset.name}"
        facets["dataSource"] = datasource_dataset.DatasourceDatasetFacet(name=namespace, uri=uri)
    if dataset.version is not None:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(dataset.version)
    if dataset.schema is not None:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=_fields(dataset.schema))
        facets["storage"] = storage_dataset.StorageDatasetFacet(storageLayer=store, fileFormat="parquet")
    return {"namespace": namespace, "name": name if is_stored else dataset.name, "facets": facets}


def _fields(schema: Any) -> list[schema_dataset.SchemaDatasetFacetFields]:
    """The columns of an Arrow schema or the fields of a struct, nested as they are."""
    return [
        schema_dataset.SchemaDatasetFacetFields(name=field.name, type=_type_of(field.type), fields=_nested(field.type))
        for field in schema
    ]


def _nested(kind: "pa.DataType") -> list[schema_dataset.SchemaDatasetFacetFields]:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_list(kind) else kind
    return _fields(inner) if pa.types.is_struct(inner) else []


def _type_of(kind: "pa.DataType") -> str:
    """The name of a type, without the fields of a struct, which have a place of their own."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"list<{_type_of(kind.value_type)}>"
    return "struct" if pa.types.is_struct(kind) else str(kind)
