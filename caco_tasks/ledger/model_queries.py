"""What the windows ask of models: those that were trained here, those that were asked, and what each made."""

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_rows

_TRAINED = text("""
    SELECT DISTINCT ON (model.model_id) model.model_id, model.role, model.parent, model.accepted, model.refused_because,
        model.config, model.metrics, model.data_hash, model.uri, model.sha256, caco.hex(run.run_id) AS run_id, run.pipeline,
        CAST(run.partition AS text) AS partition, run.config ->> 'name' AS run_config, model.output_no
    FROM caco.model
    LEFT JOIN caco.run ON run.run_id = model.run_id
    WHERE CAST(:model_id AS text) IS NULL OR model.model_id = :model_id
    ORDER BY model.model_id, model.output_no
    LIMIT 5000
""")
# each output names the models that it asked; where it asked several, what came of it is told of each
_ASKED = text("""
    SELECT asked.model_id, array_agg(DISTINCT CAST(output.stage AS text)) AS stages, sum(output.requests)::bigint AS replies,
        sum(output.read)::bigint AS read, sum(output.passed)::bigint AS passed, max(output.partition) AS newest
    FROM caco.output
    CROSS JOIN LATERAL unnest(output.models) AS asked (model_id)
    GROUP BY asked.model_id
    ORDER BY max(output.partition) DESC, asked.model_id
    LIMIT 1000
""")
_USES = text("""
    SELECT caco.hex(run.run_id) AS run_id, run.pipeline, CAST(run.partition AS text) AS partition,
        run.config ->> 'name' AS config, CAST(output.stage AS text) AS stage, array_to_string(output.prompts, ' + ') AS prompt,
        sum(output.requests)::bigint AS replies, sum(output.read)::bigint AS read, sum(output.passed)::bigint AS passed,
        sum(output.cut_off)::bigint AS cut_off, sum(output.prompt_tokens)::bigint AS prompt_tokens,
        sum(output.completion_tokens)::bigint AS completion_tokens, sum(output.cost_usd) AS cost_usd,
        sum(output.seconds) AS seconds,
        coalesce((SELECT max(datasets.rows) FROM caco.datasets WHERE datasets.run_id = run.run_id AND datasets.is_current), 0)
            AS published
    FROM caco.output
    JOIN caco.run USING (run_no)
    WHERE :model_id = ANY(output.models)
    GROUP BY run.run_id, output.stage, output.prompts
    ORDER BY run.partition DESC, run.run_id, output.stage
    LIMIT :most
""")
_NAMES = text("""
    SELECT DISTINCT model_id FROM (
        SELECT model_id FROM caco.model
        UNION ALL
        SELECT unnest(models) FROM caco.output
        UNION ALL
        SELECT parent FROM caco.model WHERE parent IS NOT NULL
    ) AS known
    WHERE starts_with(model_id, :prefix)
    ORDER BY model_id LIMIT 2
""")
_ROUNDS = text("""
    SELECT CAST(partition AS text) AS partition, caco.hex(run_id) AS run_id, model_id, accepted, refused_because, seed_programs,
        own_rows, own_share, own_shapes, ran, shapes_per_1000, new_shapes, spread, embedder,
        caco.hex(nightly_run_id) AS nightly_run_id, sampled_from, sampled, published
    FROM caco.loop_rounds
    WHERE training = (SELECT training FROM caco.model WHERE model_id = :model_id ORDER BY output_no LIMIT 1)
    ORDER BY partition DESC, run_id LIMIT :most
""")
_CHILDREN = text("SELECT DISTINCT model_id FROM caco.model WHERE parent = :model_id ORDER BY model_id LIMIT 200")


def trained_models(connection: Connection, model_id: str | None = None) -> list[Row]:
    """The models that were trained here, or one of them; each as it was first loaded."""
    return read_rows(connection, _TRAINED, {"model_id": model_id})


def asked_models(connection: Connection) -> list[Row]:
    """The models that outputs asked, the newest date first."""
    return read_rows(connection, _ASKED)


def uses_of(connection: Connection, model_id: str, *, most: int) -> list[Row]:
    """What a model made, by run and stage, the newest date first."""
    return read_rows(connection, _USES, {"model_id": model_id, "most": most})


def model_names(connection: Connection, prefix: str) -> list[str]:
    """The models whose names begin so; two at most, an exact one alone."""
    found = [str(name) for name in connection.execute(_NAMES, {"prefix": prefix}).scalars()]
    return [prefix] if prefix in found else found


def children_of(connection: Connection, model_id: str) -> list[str]:
    """The models that were trained from its weights."""
    return [str(name) for name in connection.execute(_CHILDREN, {"model_id": model_id}).scalars()]


def rounds_of(connection: Connection, model_id: str, *, most: int) -> list[Row]:
    """The rounds of the training that a model is of, oldest first; the newest ones where there are more."""
    return read_rows(connection, _ROUNDS, {"model_id": model_id, "most": most})[::-1]
