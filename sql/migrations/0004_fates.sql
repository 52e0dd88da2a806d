-- What became of every sample, on what evidence, and who was first.

-- A sample ends once in each chain of outputs: where it fails, where nothing can be told of it, or in the last stage, which
-- it passes. That it passed the stages before is implied; view verdict says so. Each date has a table of its own, filled
-- bare and then given its index and attached.
CREATE TABLE caco.fate (
    partition date NOT NULL,
    output_no integer NOT NULL,  -- no foreign key: checking it costs more than the rows; what loads fates makes the output first
    subject   uuid NOT NULL,
    row       integer NOT NULL,
    outcome   caco.outcome NOT NULL,
    reason    caco.reason,
    detail    text,
    CONSTRAINT failed_or_unknown_has_a_reason CHECK ((outcome = 'pass') = (reason IS NULL))
) PARTITION BY LIST (partition);
COMMENT ON TABLE  caco.fate IS 'Where each sample, seed or attempt ended. Grain: one row per output and subject, in the output in which it failed, stayed unknown, or passed the last stage. Samples still on their way have no row yet. Ask the view verdict for the current outputs of a run.';
COMMENT ON COLUMN caco.fate.partition IS 'Partition of the output.';
COMMENT ON COLUMN caco.fate.output_no IS 'The output in which it ended.';
COMMENT ON COLUMN caco.fate.subject IS 'seed_id in the pipeline seeds, sample_id in nightly, attempt_id in evaluate.';
COMMENT ON COLUMN caco.fate.row IS 'The row of that output, from 0: it holds all texts of the sample.';
COMMENT ON COLUMN caco.fate.outcome IS 'pass: it passed every stage that has shards. fail, unknown: what the stage of the output said.';
COMMENT ON COLUMN caco.fate.reason IS 'Why it did not pass. NULL exactly when it passed.';
COMMENT ON COLUMN caco.fate.detail IS 'One line for a reader: the exception, the equation, the overlapping item. NULL: it passed, or there is nothing to add.';

CREATE FUNCTION caco.fate_table(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 'fate_' || translate(day::text, '-', '_');
COMMENT ON FUNCTION caco.fate_table(date) IS 'Name of the table that holds the fates of a date.';

-- The writer may call these four, though it may make and drop no tables itself. Whether a table is there is asked of the
-- catalogue by queries, for only they see what another transaction has committed while this one waited for the lock.
CREATE FUNCTION caco.open_fates(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := caco.fate_table(day);
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('caco.fate ' || day, 0));
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE caco.%I (LIKE caco.fate INCLUDING CONSTRAINTS, CONSTRAINT of_its_date CHECK (partition = %L))',
                   name, day);
    EXECUTE format('GRANT SELECT, INSERT ON caco.%I TO caco_writer', name);
    EXECUTE format('GRANT SELECT ON caco.%I TO caco_analyst', name);
END
$$;
REVOKE ALL ON FUNCTION caco.open_fates(date) FROM PUBLIC;
COMMENT ON FUNCTION caco.open_fates(date) IS 'Makes the bare table of a date''s fates, unless it is there. Nobody sees its rows before attach_fates.';

CREATE FUNCTION caco.attach_fates(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := caco.fate_table(day);
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name AND NOT relispartition
    ) THEN
        RETURN;  -- before the lock: who only appends never waits here
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('caco.fate ' || day, 0));
    IF NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relname = name AND NOT relispartition
    ) THEN
        RETURN;
    END IF;
    -- rows come by output, so a summary of their blocks finds those of one; a tree would cost as much as the rows
    EXECUTE format('CREATE INDEX %I ON caco.%I USING brin (output_no) WITH (pages_per_range = 16, autosummarize = on)',
                   name || '_by_output', name);
    EXECUTE format('CREATE INDEX %I ON caco.%I (subject) WITH (fillfactor = 100)', name || '_by_subject', name);
    EXECUTE format('ALTER TABLE caco.fate ATTACH PARTITION caco.%I FOR VALUES IN (%L)', name, day);
    EXECUTE format('ALTER TABLE caco.%I DROP CONSTRAINT of_its_date', name);  -- it spared the attaching a look at every row
END
$$;
REVOKE ALL ON FUNCTION caco.attach_fates(date) FROM PUBLIC;
COMMENT ON FUNCTION caco.attach_fates(date) IS 'Gives the table of a date''s fates its indexes and makes it part of caco.fate, unless it is.';

CREATE FUNCTION caco.pack_fates() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    packed integer := 0;
    loose record;
BEGIN
    -- an entry of a full index takes 28 bytes; what came after the first output went in at random and left gaps
    FOR loose IN SELECT indexrelid::regclass AS name FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$' AND reltuples > 0
            AND indexrelid::regclass::text ~ '_by_subject$' AND pg_relation_size(indexrelid) > 65536 + reltuples * 32
    LOOP
        EXECUTE format('REINDEX INDEX %s', loose.name);
        packed := packed + 1;
    END LOOP;
    RETURN packed;
END
$$;
REVOKE ALL ON FUNCTION caco.pack_fates() FROM PUBLIC;
COMMENT ON FUNCTION caco.pack_fates() IS 'Makes indexes anew that grew loose while a date was filled output by output; returns how many. Nobody can load fates of such a date meanwhile.';

CREATE FUNCTION caco.drop_fates() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
    LOOP
        EXECUTE format('DROP TABLE caco.%I', name);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION caco.drop_fates() FROM PUBLIC;
COMMENT ON FUNCTION caco.drop_fates() IS 'Drops the fates of all dates, attached or not: caco ledger rebuild fills them again from the store.';

CREATE TABLE caco.benchmark_overlap (
    output_no    integer NOT NULL REFERENCES caco.output ON DELETE CASCADE,
    subject      uuid NOT NULL,
    number       integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    benchmark    text NOT NULL,
    item         text NOT NULL,
    rule         text NOT NULL,
    score        double precision NOT NULL CONSTRAINT score_is_0_to_1 CHECK (score BETWEEN 0 AND 1),
    matched_text text NOT NULL,
    CONSTRAINT one_finding_per_output_subject_and_number PRIMARY KEY (output_no, subject, number)
);
CREATE INDEX benchmark_overlap_by_subject ON caco.benchmark_overlap (subject);
COMMENT ON TABLE  caco.benchmark_overlap IS 'Evidence that a rejected record overlaps a protected benchmark item; of records that went on it is in the outputs only. Grain: one row per output, subject and finding.';
COMMENT ON COLUMN caco.benchmark_overlap.output_no IS 'The output in which it was rejected.';
COMMENT ON COLUMN caco.benchmark_overlap.subject IS 'seed_id or sample_id.';
COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the record, from 0.';
COMMENT ON COLUMN caco.benchmark_overlap.benchmark IS 'Name of the benchmark.';
COMMENT ON COLUMN caco.benchmark_overlap.item IS 'The item''s id within it.';
COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it: exact, ngram, masked, numbers; or review, the band below masked.';
COMMENT ON COLUMN caco.benchmark_overlap.score IS 'How alike, 0 to 1.';
COMMENT ON COLUMN caco.benchmark_overlap.matched_text IS 'What they share.';

-- Claims are made while an output is under way, before it is registered: hence its key, and no foreign key.
CREATE TABLE caco.fingerprint (
    kind       text NOT NULL,
    hash       uuid NOT NULL,
    place      integer NOT NULL DEFAULT 0,
    owner      uuid NOT NULL,
    output_key uuid NOT NULL,
    sketch     bytea,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_owner_per_kind_hash_and_place PRIMARY KEY (kind, hash, place),
    CONSTRAINT only_a_sketch_has_a_second_place CHECK (place = 0 OR sketch IS NOT NULL)
);
CREATE INDEX fingerprint_by_output ON caco.fingerprint (output_key);  -- what to export with an output, and to release with a run
COMMENT ON TABLE  caco.fingerprint IS 'Claims over all runs: the first to claim a hash owns it, and owns it again when it claims again. Near duplicates are told apart by sketch: the unlike ones of one hash have places of their own. Grain: one row per kind, hash and place.';
COMMENT ON COLUMN caco.fingerprint.kind IS 'What was hashed, with the version of the recipe.';
COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash; of a sketch, the hash of what near duplicates have in common: the literals of a program, the numbers and the answer of a problem.';
COMMENT ON COLUMN caco.fingerprint.place IS 'Number among the owners of this hash, from 0, in the order in which they came; always 0 without a sketch.';
COMMENT ON COLUMN caco.fingerprint.owner IS 'sample_id or seed_id that claimed it first: in whatever run it claims again, it wins.';
COMMENT ON COLUMN caco.fingerprint.output_key IS 'Key of the output in whose making it was claimed.';
COMMENT ON COLUMN caco.fingerprint.sketch IS 'MinHash, one byte for each of its hashes: the share of equal bytes is the likeness. NULL: the hash alone is claimed.';
COMMENT ON COLUMN caco.fingerprint.claimed_at IS 'When it was claimed, or loaded again.';
