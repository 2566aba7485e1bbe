"""The door to PostgreSQL: connecting, catalogs, the ``\\dt`` listing. Nothing else imports psycopg."""
