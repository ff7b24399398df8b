"""What django-simple-history's own ``runtests.py`` configures, as a module of settings."""

from __future__ import annotations

from runtests import get_default_settings

globals().update(get_default_settings())
