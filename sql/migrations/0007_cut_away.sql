-- Replies hold thinking, headers and chat besides what was asked for: how many replies held which is counted.

ALTER TABLE caco.output
    ADD COLUMN cut_away jsonb NOT NULL DEFAULT '{}';  -- names of caco_tasks.reading.Cut -> replies
COMMENT ON COLUMN caco.output.cut_away IS 'What replies held besides what was asked for, such as thinking or a header, and how many replies did; empty object where nothing.';
