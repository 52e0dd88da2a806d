-- Intervals for shares, so that ten answers are not read like a thousand.

CREATE FUNCTION caco.wilson_low(hits bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN total > 0 THEN
        greatest(0, (hits + 1.920729 - 1.959964 * sqrt(hits::double precision * (total - hits) / total + 0.960365)) / (total + 3.841459))
    END;
COMMENT ON FUNCTION caco.wilson_low(bigint, bigint) IS 'Lower end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';

CREATE FUNCTION caco.wilson_high(hits bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN total > 0 THEN
        least(1, (hits + 1.920729 + 1.959964 * sqrt(hits::double precision * (total - hits) / total + 0.960365)) / (total + 3.841459))
    END;
COMMENT ON FUNCTION caco.wilson_high(bigint, bigint) IS 'Upper end of the 95 % Wilson interval of the share hits / total. NULL where total is 0.';
