r"""The door to PostgreSQL: connecting, catalogs, the ``\dt`` listing; nobody else uses psycopg."""
