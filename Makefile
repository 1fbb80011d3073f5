.PHONY: demo test lint ci

demo: ; .venv/bin/python manage.py demo
test: ; .venv/bin/pytest
lint: ; .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
ci: ; .ci/run
