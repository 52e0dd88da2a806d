-- Housekeeping tends the fates: the writer may vacuum them, and the rows of old dates that nobody publishes may go.

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT relname FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
    LOOP
        EXECUTE format('GRANT MAINTAIN ON caco.%I TO caco_writer', name);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION caco.open_fates(day date) RETURNS void
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
    EXECUTE format('GRANT SELECT, INSERT, MAINTAIN ON caco.%I TO caco_writer', name);
    EXECUTE format('GRANT SELECT ON caco.%I TO caco_analyst', name);
END
$$;

-- Counts, outputs and claims stay, so funnels and what was seen before stay too; what goes is which sample ended where.
-- A date whose rows anybody may still ask about is left: one with a dataset that is not withdrawn, or with seeds, trainings
-- or evaluations, which later dates come from.
CREATE FUNCTION caco.forget_fates(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT to_date(substr(relname, 6), 'YYYY_MM_DD') FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' AND relname ~ '^fate_\d{4}_\d{2}_\d{2}$'
        ORDER BY relname
    LOOP
        CONTINUE WHEN day >= before
            OR EXISTS (SELECT FROM caco.datasets WHERE partition = day AND state <> 'withdrawn')
            OR EXISTS (SELECT FROM caco.run WHERE partition = day AND pipeline <> 'nightly');
        EXECUTE format('DROP TABLE caco.%I', caco.fate_table(day));
        RETURN NEXT day;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION caco.forget_fates(date) FROM PUBLIC;
COMMENT ON FUNCTION caco.forget_fates(date) IS 'Drops the fates of dates before one, but of no date with a dataset that is not withdrawn or with other pipelines than the nightly one; returns the dates. Their counts stay; caco ledger rebuild brings the fates back.';
