-- A date's fates are analyzed when they become part of caco.fate, and when they are packed their blocks are summarized: else
-- both wait for autovacuum, and until it has come by a page of samples reads the whole date.

CREATE OR REPLACE FUNCTION caco.attach_fates(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
    EXECUTE format('ANALYZE caco.%I', name);
END
$$;

CREATE OR REPLACE FUNCTION caco.pack_fates() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    packed integer := 0;
    loose record;
    summary regclass;
BEGIN
    FOR summary IN SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
            AND indexrelid::regclass::text ~ '_by_output$'
    LOOP
        PERFORM brin_summarize_new_values(summary);
    END LOOP;
    -- an entry of a full index takes 28 bytes; what came after the first output went in at random and left gaps
    FOR loose IN SELECT indexrelid::regclass AS name, indrelid::regclass AS of_table
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$' AND reltuples > 0
            AND indexrelid::regclass::text ~ '_by_subject$' AND pg_relation_size(indexrelid) > 65536 + reltuples * 32
    LOOP
        EXECUTE format('REINDEX INDEX %s', loose.name);
        EXECUTE format('ANALYZE %s', loose.of_table);
        packed := packed + 1;
    END LOOP;
    RETURN packed;
END
$_$;

COMMENT ON FUNCTION caco.pack_fates() IS 'Summarizes blocks that are new, and makes indexes anew that grew loose while a date was filled output by output; returns how many. Nobody can load fates of such a date meanwhile.';
