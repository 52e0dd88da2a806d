-- What replies cost in money, and which of them had been made before.

ALTER TABLE caco.shard
    ADD COLUMN cost_usd double precision NOT NULL DEFAULT 0,
    ADD COLUMN replayed bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT prices_are_not_negative CHECK (cost_usd >= 0 AND replayed >= 0);
COMMENT ON COLUMN caco.shard.cost_usd IS 'US dollars paid for its replies, by the price table of the config; 0 where that names no price.';
COMMENT ON COLUMN caco.shard.replayed IS 'Replies that had been made for another run or record, and cost nothing.';

ALTER TABLE caco.request_usage
    ADD COLUMN cost_usd double precision NOT NULL DEFAULT 0,
    ADD COLUMN is_replayed boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT price_is_not_negative CHECK (cost_usd >= 0);
COMMENT ON COLUMN caco.request_usage.cost_usd IS 'US dollars that this run paid for the reply, by the price table of its config.';
COMMENT ON COLUMN caco.request_usage.is_replayed IS 'Whether the reply had been made for another run or record. Its tokens and seconds are those of then.';
COMMENT ON COLUMN caco.request_usage.finish_reason IS 'stop; length where the reply was cut off; error where there is none.';
