-- Which version of a dataset counts for a date: the first that was published, until somebody promotes another.

CREATE TABLE caco.dataset_promotion (
    dataset      text NOT NULL,
    partition    date NOT NULL,
    number       integer NOT NULL CONSTRAINT number_is_not_negative CHECK (number >= 0),
    dataset_no   integer NOT NULL CONSTRAINT promotion_is_of_a_dataset REFERENCES caco.dataset ON DELETE CASCADE,
    replaced_no  integer CONSTRAINT what_it_replaced_is_a_dataset REFERENCES caco.dataset ON DELETE CASCADE,
    is_roll_back boolean NOT NULL,
    by           text NOT NULL,
    because      text NOT NULL,
    at           timestamptz NOT NULL,
    CONSTRAINT one_promotion_per_dataset_date_and_number PRIMARY KEY (dataset, partition, number)
);
COMMENT ON TABLE  caco.dataset_promotion IS 'Decisions on which version of a dataset counts for a date, and by whom; the last one counts. Grain: one row per dataset, date and decision; none where the first published version counts.';
COMMENT ON COLUMN caco.dataset_promotion.dataset IS 'Name of the dataset.';
COMMENT ON COLUMN caco.dataset_promotion.partition IS 'The date.';
COMMENT ON COLUMN caco.dataset_promotion.number IS 'Number of the decision, from 0.';
COMMENT ON COLUMN caco.dataset_promotion.dataset_no IS 'The version that counts from then on, while it is published.';
COMMENT ON COLUMN caco.dataset_promotion.replaced_no IS 'The version that counted before. NULL: none did.';
COMMENT ON COLUMN caco.dataset_promotion.is_roll_back IS 'Whether it takes the decision before back.';
COMMENT ON COLUMN caco.dataset_promotion.by IS 'Who decided.';
COMMENT ON COLUMN caco.dataset_promotion.because IS 'Why.';
COMMENT ON COLUMN caco.dataset_promotion.at IS 'When.';
