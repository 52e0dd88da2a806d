-- Question: under which licences are the seeds behind a dataset, and how many are there of each?
-- Set:      dataset =
-- Answer:   one row per dataset, source and licence, with its share of the seeds; no dataset (as name/version) set: all of them

SELECT
    dataset,
    version,
    source,
    revision,
    licence,
    seeds,
    seeds::double precision / sum(seeds) OVER (PARTITION BY dataset, version) AS share_of_seeds
FROM caco.licence_of_dataset
WHERE :dataset IN ('', dataset || '/' || version)
ORDER BY dataset, version, seeds DESC, source;
