-- How varied the problems of runs are, as `caco diversity` measured it by an embedding model.

CREATE TABLE caco.diversity (
    diversity_id       uuid PRIMARY KEY,
    run_id             uuid NOT NULL CONSTRAINT diversity_is_of_a_run REFERENCES caco.run ON DELETE CASCADE,
    dataset            text,
    embedder           text NOT NULL,
    of_rows            bigint NOT NULL,
    rows               integer NOT NULL CONSTRAINT rows_were_looked_at CHECK (rows > 0),
    spread             double precision,
    nearest_mean       double precision,
    nearest_median     double precision,
    near_rows          integer NOT NULL,
    effective_clusters double precision,
    vendi              double precision,
    earlier_mean       double precision,
    earlier_near_rows  integer,
    shown              double precision NOT NULL,
    measured_at        timestamptz NOT NULL,
    code_version       text NOT NULL
);
CREATE INDEX diversity_by_run ON caco.diversity (run_id);  -- what the page of a run shows
COMMENT ON TABLE  caco.diversity IS 'How varied the problems of a run or dataset are. Grain: one row per rows looked at, embedding model and earlier runs compared with. Distances are cosine distances, 0 to 2.';
COMMENT ON COLUMN caco.diversity.diversity_id IS 'Hash of what was measured and how: the same again is the same row.';
COMMENT ON COLUMN caco.diversity.run_id IS 'The run whose rows they are.';
COMMENT ON COLUMN caco.diversity.dataset IS 'The dataset that they were read from, as name/version. NULL: rows that passed every check and were not published yet.';
COMMENT ON COLUMN caco.diversity.embedder IS 'The embedding model; figures by two are not comparable.';
COMMENT ON COLUMN caco.diversity.of_rows IS 'Rows that there are.';
COMMENT ON COLUMN caco.diversity.rows IS 'Rows that were looked at, drawn by the hash of their ids where there are more than diversity.max_rows.';
COMMENT ON COLUMN caco.diversity.spread IS 'Mean distance of all pairs of rows. NULL: fewer than two.';
COMMENT ON COLUMN caco.diversity.nearest_mean IS 'Mean distance of a row to the nearest other one. NULL: as spread.';
COMMENT ON COLUMN caco.diversity.nearest_median IS 'Median of the same. NULL: as spread.';
COMMENT ON COLUMN caco.diversity.near_rows IS 'Rows that lie within 0.05 of another one.';
COMMENT ON COLUMN caco.diversity.effective_clusters IS 'exp of the entropy of the clusters'' shares: so many clusters of equal size would be as varied. NULL: as spread.';
COMMENT ON COLUMN caco.diversity.vendi IS 'Vendi score: so many wholly different texts would be as varied. NULL: as spread.';
COMMENT ON COLUMN caco.diversity.earlier_mean IS 'Mean distance of a row to the nearest one of all earlier runs compared with. NULL: none was.';
COMMENT ON COLUMN caco.diversity.earlier_near_rows IS 'Rows that lie within 0.05 of one of an earlier run. NULL: as earlier_mean.';
COMMENT ON COLUMN caco.diversity.shown IS 'Share of the variance of the vectors that the picture shows.';
COMMENT ON COLUMN caco.diversity.measured_at IS 'When.';
COMMENT ON COLUMN caco.diversity.code_version IS 'Package and commit that measured.';

CREATE TABLE caco.diversity_domain (
    diversity_id       uuid NOT NULL REFERENCES caco.diversity ON DELETE CASCADE,
    domain             text NOT NULL,
    rows               integer NOT NULL,
    spread             double precision,
    nearest_mean       double precision,
    nearest_median     double precision,
    near_rows          integer NOT NULL,
    effective_clusters double precision,
    vendi              double precision,
    earlier_mean       double precision,
    earlier_near_rows  integer,
    PRIMARY KEY (diversity_id, domain)
);
COMMENT ON TABLE  caco.diversity_domain IS 'The same of the rows of one domain. Grain: one row per measurement and domain; rows whose domain is not known are in none.';
COMMENT ON COLUMN caco.diversity_domain.diversity_id IS 'Which measurement.';
COMMENT ON COLUMN caco.diversity_domain.domain IS 'Which domain.';
COMMENT ON COLUMN caco.diversity_domain.rows IS 'Its rows among those looked at.';
COMMENT ON COLUMN caco.diversity_domain.spread IS 'Mean distance of all pairs of them. NULL: fewer than two.';
COMMENT ON COLUMN caco.diversity_domain.nearest_mean IS 'Mean distance to the nearest other row of any domain. NULL: there is none.';
COMMENT ON COLUMN caco.diversity_domain.nearest_median IS 'Median of the same. NULL: as nearest_mean.';
COMMENT ON COLUMN caco.diversity_domain.near_rows IS 'Those within 0.05 of another row of any domain.';
COMMENT ON COLUMN caco.diversity_domain.effective_clusters IS 'As diversity.effective_clusters. NULL: as spread.';
COMMENT ON COLUMN caco.diversity_domain.vendi IS 'As diversity.vendi. NULL: as spread.';
COMMENT ON COLUMN caco.diversity_domain.earlier_mean IS 'As diversity.earlier_mean. NULL: none was compared with.';
COMMENT ON COLUMN caco.diversity_domain.earlier_near_rows IS 'As diversity.earlier_near_rows. NULL: none was compared with.';

CREATE TABLE caco.diversity_cluster (
    diversity_id uuid NOT NULL REFERENCES caco.diversity ON DELETE CASCADE,
    number       integer NOT NULL,
    words        text[] NOT NULL,
    rows         integer NOT NULL,
    PRIMARY KEY (diversity_id, number)
);
COMMENT ON TABLE  caco.diversity_cluster IS 'Rows that lie together. Grain: one row per measurement and cluster.';
COMMENT ON COLUMN caco.diversity_cluster.diversity_id IS 'Which measurement.';
COMMENT ON COLUMN caco.diversity_cluster.number IS 'From 0, the largest first.';
COMMENT ON COLUMN caco.diversity_cluster.words IS 'Words that tell it from the others, the most telling first.';
COMMENT ON COLUMN caco.diversity_cluster.rows IS 'Its rows among those looked at.';

CREATE TABLE caco.diversity_earlier (
    diversity_id uuid NOT NULL REFERENCES caco.diversity ON DELETE CASCADE,
    name         text NOT NULL,
    rows         integer NOT NULL,
    nearest_mean double precision,
    near_rows    integer NOT NULL,
    PRIMARY KEY (diversity_id, name)
);
COMMENT ON TABLE  caco.diversity_earlier IS 'How near the rows come to those of one earlier run. Grain: one row per measurement and earlier dataset or run.';
COMMENT ON COLUMN caco.diversity_earlier.diversity_id IS 'Which measurement.';
COMMENT ON COLUMN caco.diversity_earlier.name IS 'The earlier dataset as name/version, or the run that has none.';
COMMENT ON COLUMN caco.diversity_earlier.rows IS 'Its rows that were looked at.';
COMMENT ON COLUMN caco.diversity_earlier.nearest_mean IS 'Mean distance of a row to its nearest one. NULL: it has no rows.';
COMMENT ON COLUMN caco.diversity_earlier.near_rows IS 'Rows that lie within 0.05 of one of its.';
