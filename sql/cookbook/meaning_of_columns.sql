-- Question: what do the tables and views mean, and each of their columns?
-- Set:      relation =
-- Answer:   one row per table and view; with relation set, one row per column of it

SELECT
    relation.relname AS relation,
    CASE relation.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
    attribute.attname AS "column",
    format_type(attribute.atttypid, attribute.atttypmod) AS type,
    coalesce(col_description(relation.oid, attribute.attnum), obj_description(relation.oid)) AS meaning
FROM pg_class AS relation
LEFT JOIN pg_attribute AS attribute
    ON attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped AND :relation <> ''
WHERE relation.relnamespace = 'caco'::regnamespace
    AND relation.relkind IN ('r', 'p', 'v')
    AND NOT relation.relispartition
    AND :relation IN ('', relation.relname)
ORDER BY kind, relation.relname, attribute.attnum;
