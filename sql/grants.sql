-- Who may do what; applied after every migration. The owner owns everything and is granted nothing here.

GRANT USAGE ON SCHEMA caco TO caco_writer, caco_analyst;

-- The tasks: rows of every table but the book of migrations. TRUNCATE is for `caco ledger rebuild`.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA caco TO caco_writer;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON caco.migration FROM caco_writer;
GRANT EXECUTE ON FUNCTION caco.open_fates(date), caco.attach_fates(date), caco.pack_fates(), caco.drop_fates(), caco.forget_fates(date) TO caco_writer;

-- The analysts: look, and nothing else. How long one question may take is a setting of the role: see `Ledger.migrate`.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA caco FROM caco_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA caco TO caco_analyst;
