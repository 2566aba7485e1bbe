"""Setup Wizard: from a freshly cloned project to working PostgreSQL tables."""

__version__ = "0.1.0"
