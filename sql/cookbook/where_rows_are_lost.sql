-- Question: where did the newest nightly run lose its records, and for which three reasons most at each stage?
-- Answer:   one row per stage and reason, in the order of the funnel

WITH newest AS (
    SELECT run_id FROM caco.run WHERE pipeline = 'nightly' ORDER BY partition DESC, created_at DESC LIMIT 1
), ranked AS (
    SELECT reject_reasons.*, row_number() OVER (PARTITION BY stage ORDER BY records DESC, reason) AS place
    FROM caco.reject_reasons
    JOIN newest USING (run_id)
)
SELECT stage, outcome, reason, records, round(100 * share_of_read::numeric, 1) AS percent_of_read
FROM ranked
WHERE place <= 3
ORDER BY stage, records DESC, reason;
