-- Question: how often does a judge that is asked several times contradict itself, and in which order does it say no?
-- Answer:   one row per run and template: its replies, how many reject, and how many are of samples with split votes

WITH split AS (
    SELECT run_id, subject_id, count(DISTINCT (outcome, reason)) > 1 AS is_split
    FROM caco.judge_vote
    GROUP BY run_id, subject_id
)
SELECT
    judge_vote.run_id,
    judge_vote.prompt,
    count(*) AS replies,
    count(*) FILTER (WHERE judge_vote.outcome = 'fail') AS rejecting,
    count(*) FILTER (WHERE judge_vote.outcome = 'unknown') AS unreadable,
    count(*) FILTER (WHERE split.is_split) AS of_split_votes
FROM caco.judge_vote
JOIN split USING (run_id, subject_id)
GROUP BY judge_vote.run_id, judge_vote.prompt
ORDER BY judge_vote.run_id, judge_vote.prompt;
