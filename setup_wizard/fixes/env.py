"""Fixes of the project's .env; each keeps a dated copy of the file beside it."""

from __future__ import annotations
