-- Question: how often does a judge that is asked several times contradict itself, and in which order does it say no?
-- Engine:   duckdb
-- Answer:   one row per run and template: its replies, how many reject, and how many are of samples with split votes

WITH vote AS (
    SELECT run_id, sample_id, unnest(judgement.votes, recursive := true) FROM outputs.judge
), split AS (
    SELECT run_id, sample_id, count(DISTINCT (outcome, reason)) > 1 AS is_split FROM vote GROUP BY run_id, sample_id
)
SELECT
    vote.run_id,
    vote.prompt,
    count(*) AS replies,
    count(*) FILTER (WHERE vote.outcome = 'fail') AS rejecting,
    count(*) FILTER (WHERE vote.outcome = 'unknown') AS unreadable,
    count(*) FILTER (WHERE split.is_split) AS of_split_votes
FROM vote
JOIN split USING (run_id, sample_id)
GROUP BY vote.run_id, vote.prompt
ORDER BY vote.run_id, vote.prompt;
