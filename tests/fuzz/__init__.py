"""Any bytes in: never an exception but ours out, never a login.

One function of bytes for each entry point that strangers reach (``targets``). The ordinary suite runs each
over the kept corpus and a few hundred random inputs; ``python -m tests.fuzz`` runs them under atheris.
"""
