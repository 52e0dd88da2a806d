"""The schema as documentation: tables and views with their columns and comments."""

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_rows

# the tables of single dates are parts of caco.fate, which stands for them
_COLUMNS = text("""
    SELECT relation.relname AS relation, CASE relation.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
        obj_description(relation.oid, 'pg_class') AS relation_comment, attribute.attname AS name,
        format_type(attribute.atttypid, attribute.atttypmod) AS type, NOT attribute.attnotnull AS is_nullable,
        col_description(relation.oid, attribute.attnum) AS comment
    FROM pg_class AS relation
    JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    WHERE relation.relnamespace = 'caco'::regnamespace AND relation.relkind IN ('r', 'p', 'v') AND NOT relation.relispartition
        AND relation.relname !~ '^fate_\\d{4}_\\d{2}_\\d{2}$'
    ORDER BY relation.relkind = 'v', relation.relname, attribute.attnum
""")


def list_columns(connection: Connection) -> list[Row]:
    """All columns of all tables and views, the tables first, in order."""
    return read_rows(connection, _COLUMNS)
