"""Fixes: each does one thing that it announced; afterwards the check that it repairs runs again."""
