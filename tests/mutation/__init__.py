"""Is there a test for every line that keeps strangers out? ``python -m tests.mutation`` breaks each, and looks.

Cosmic Ray's operators, and some of our own (``operators``), make thousands of small mistakes in the modules that
decide who somebody is. A mistake that no test notices is a survivor: it gets a test, or a reason in
``survivors.toml``.
"""
