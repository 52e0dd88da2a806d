-- Claims of families: near duplicates share a hash of what must be equal, and are told apart by their sketches.

ALTER TABLE caco.fingerprint ADD COLUMN place integer NOT NULL DEFAULT 0;
ALTER TABLE caco.fingerprint ADD COLUMN sketch bytea;
ALTER TABLE caco.fingerprint DROP CONSTRAINT one_owner_per_kind_and_hash;
ALTER TABLE caco.fingerprint ADD CONSTRAINT one_owner_per_kind_hash_and_place PRIMARY KEY (kind, hash, place);
ALTER TABLE caco.fingerprint ADD CONSTRAINT only_a_sketch_has_a_second_place CHECK (place = 0 OR sketch IS NOT NULL);
COMMENT ON TABLE  caco.fingerprint IS 'Claims of dedup over all runs: the first to claim a hash owns it, and owns it again when it claims again. Near duplicates are told apart by sketch: the unlike ones of one hash have places of their own. Grain: one row per kind, hash and place.';
COMMENT ON COLUMN caco.fingerprint.hash IS 'The hash; of a sketch, the hash of what near duplicates have in common: the literals of a program, the numbers and the answer of a problem.';
COMMENT ON COLUMN caco.fingerprint.place IS 'Number among the owners of this hash, from 0, in the order in which they came; always 0 without a sketch.';
COMMENT ON COLUMN caco.fingerprint.sketch IS 'MinHash, one byte for each of its hashes: the share of equal bytes is the likeness. NULL: the hash alone is claimed.';

ALTER TYPE caco.reason ADD VALUE 'same_problem' AFTER 'near_duplicate';
ALTER TYPE caco.reason ADD VALUE 'benchmark_review' AFTER 'benchmark_overlap';

COMMENT ON COLUMN caco.benchmark_overlap.stage IS 'The stage that looked: seeds, reverse or decontaminate.';
COMMENT ON COLUMN caco.benchmark_overlap.subject_id IS 'seed_id or sample_id.';
COMMENT ON COLUMN caco.benchmark_overlap.number IS 'Number of the finding within the record, from 0.';
COMMENT ON COLUMN caco.benchmark_overlap.rule IS 'The rule that found it: exact, ngram, masked, numbers; or review, the band below masked.';
