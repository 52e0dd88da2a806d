-- Title:    Standing of datasets
-- Question: which version of a dataset counts for its date, which did before, and which wait for somebody to promote them?
-- Grain:    one row per dataset and version
-- Columns:  standing: current, the one version of its name and date that releases and readers by date take: the one promoted
--           last, else the first that was published; superseded, published before another was promoted; waiting, published
--           beside the current one and not promoted; NULL, staged or withdrawn
-- Example:  SELECT version FROM caco.dataset_standing WHERE dataset = :name AND partition = :day AND standing = 'current';

CREATE VIEW caco.dataset_standing AS
WITH stated AS (
    SELECT
        dataset.dataset_no, dataset.dataset, dataset.version, dataset.partition,
        coalesce(last.state, 'published') AS state,
        coalesce(last.at, '-infinity') AS since
    FROM caco.dataset
    LEFT JOIN LATERAL (
        SELECT state, at FROM caco.dataset_state
        WHERE dataset_state.dataset_no = dataset.dataset_no
        ORDER BY number DESC LIMIT 1
    ) AS last ON true
), decided AS (
    SELECT DISTINCT ON (dataset, partition) dataset, partition, dataset_no AS promoted_no, at AS promoted_at
    FROM caco.dataset_promotion
    ORDER BY dataset, partition, number DESC
), placed AS (
    SELECT
        stated.*,
        promoted_at,
        -- one that was published before the last decision does not come back by itself
        state = 'published' AND (promoted_no IS NULL OR promoted_no = dataset_no OR since > promoted_at) AS may_count,
        promoted_no IS NOT DISTINCT FROM dataset_no AS is_promoted
    FROM stated
    LEFT JOIN decided USING (dataset, partition)
), ordered AS (
    SELECT
        placed.*,
        row_number() OVER (
            PARTITION BY dataset, partition ORDER BY may_count DESC, is_promoted DESC, since, version
        ) AS place
    FROM placed
)
SELECT
    dataset_no,
    dataset,
    version,
    partition,
    state,
    CASE
        WHEN state <> 'published' THEN NULL
        WHEN may_count AND place = 1 THEN 'current'
        WHEN may_count THEN 'waiting'
        ELSE 'superseded'
    END AS standing
FROM ordered;

COMMENT ON VIEW caco.dataset_standing IS 'Which version of a dataset counts for its date. Grain: one row per dataset and version.';
COMMENT ON COLUMN caco.dataset_standing.dataset_no IS 'Number of the dataset in this ledger.';
COMMENT ON COLUMN caco.dataset_standing.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.dataset_standing.version IS 'Version of it.';
COMMENT ON COLUMN caco.dataset_standing.partition IS 'Date that it was made for.';
COMMENT ON COLUMN caco.dataset_standing.state IS 'The last state given: staged, published or withdrawn; published where none was ever given.';
COMMENT ON COLUMN caco.dataset_standing.standing IS 'current: it counts for its date. superseded: another was promoted since it was published. waiting: published beside the current one. NULL: staged or withdrawn.';
