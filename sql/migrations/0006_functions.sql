-- Functions for the views and for analysts: ids as texts, and statistics that are hard to write twice.

CREATE FUNCTION caco.hex(id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN replace(id::text, '-', '');
COMMENT ON FUNCTION caco.hex(uuid) IS 'An id as the store and the command line write it: 32 hex digits. A query may give an id either way.';

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

CREATE FUNCTION caco.share_low(hits double precision, hits_down double precision, rest double precision, rest_up double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE
        WHEN hits + rest <= 0 THEN NULL
        WHEN hits <= hits_down THEN 0
        WHEN rest = 0 AND rest_up = 0 THEN 1
        ELSE (hits * hits - hits_down * hits_down) / (
            (hits * hits - hits_down * hits_down)
            + hits * rest + sqrt(rest * rest * hits_down * hits_down + rest_up * rest_up * (hits * hits - hits_down * hits_down)))
    END;
COMMENT ON FUNCTION caco.share_low(double precision, double precision, double precision, double precision) IS 'Lower end of the interval of hits / (hits + rest), two independent estimates: hits may be too high by hits_down, rest too low by rest_up, each at 95 %. The upper end is 1 - the lower end of rest / (hits + rest). NULL where both are 0.';

-- Scores of students.

CREATE FUNCTION caco.pass_at_k(hits bigint, drawn bigint, k bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN drawn < k THEN NULL WHEN drawn - hits < k THEN 1 ELSE 1 - coalesce(
        (SELECT exp(sum(ln(1 - k::double precision / i))) FROM generate_series(drawn - hits + 1, drawn) AS i), 1)
    END;
COMMENT ON FUNCTION caco.pass_at_k(bigint, bigint, bigint) IS 'Chance that one of k answers is right, without bias, where hits of drawn were (arXiv 2107.03374). NULL: fewer than k were drawn.';

CREATE FUNCTION caco.mcnemar_p(gained bigint, lost bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN gained + lost = 0 THEN 1 ELSE (
        SELECT least(1, 2 * sum(exp(greatest(ways - (gained + lost) * ln(2::double precision), -700))))
        FROM (
            SELECT 0::double precision AS ways
            UNION ALL
            SELECT sum(ln((gained + lost - i + 1)::double precision / i)) OVER (ORDER BY i)
            FROM generate_series(1, least(gained, lost)) AS i
        ) AS of_binomial
    ) END;
COMMENT ON FUNCTION caco.mcnemar_p(bigint, bigint) IS 'Two-sided p of the exact McNemar test: how often chance alone splits the items on which two contenders differ at least so unevenly.';

CREATE FUNCTION caco.paired_low(gained bigint, lost bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN total > 0 THEN greatest(-1, (gained - lost)::double precision / (total + 2) - 1.959964 * sqrt(
        ((gained + lost + 2)::double precision / (total + 2) - ((gained - lost)::double precision / (total + 2)) ^ 2) / (total + 2)))
    END;
COMMENT ON FUNCTION caco.paired_low(bigint, bigint, bigint) IS 'Lower end of the 95 % interval of a difference of paired shares, after Bonett and Price (doi 10.3102/1076998611411915). NULL where total is 0.';

CREATE FUNCTION caco.paired_high(gained bigint, lost bigint, total bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    -caco.paired_low(lost, gained, total);
COMMENT ON FUNCTION caco.paired_high(bigint, bigint, bigint) IS 'Upper end of the 95 % interval of a difference of paired shares, after Bonett and Price. NULL where total is 0.';
