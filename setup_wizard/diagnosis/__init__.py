"""Checks: each asks one question and answers with a finding; none changes anything, none raises."""
