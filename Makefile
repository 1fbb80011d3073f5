.PHONY: demo test deployment lint fuzz mutation ci

demo: ; .venv/bin/python manage.py demo
test: ; .venv/bin/pytest
deployment: ; .venv/bin/pytest tests/deployment
lint: ; .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
fuzz: ; .venv/bin/python -m tests.fuzz
mutation: ; .venv/bin/python -m tests.mutation
ci: ; .ci/run
