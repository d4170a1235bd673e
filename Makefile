# Leadtime's commands: `make help` lists them. Steps that need logic live in Python files; here are names and order.
.DEFAULT_GOAL := help
.PHONY: help run test check lock messages clean venv dev

PY := .venv/bin/python
# The kinds of test that do not change with the database run once, on PostgreSQL.
ONCE := browser or story or redis or postgres
# One worker runs a file, the files of the demo first (tests/conftest.py). One worker more than the two processors: a
# browser, a mail server and a database are waited for.
WORKERS := -n 3 --dist loadgroup --no-loadscope-reorder
# What `check --deploy` looks at: the settings of a server, with a key made for this one look.
SERVER := SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))') \
	SITE_URL=https://leadtime.example.org ALLOWED_HOSTS=leadtime.example.org HTTPS=true DEBUG=false \
	DATABASE_URL=postgres://leadtime@db/leadtime REDIS_URL=redis://redis/0 \
	EMAIL_URL=smtp://mail.example.org:25 LEADTIME_DATA_DIR=var/check

# The first Python that is new enough makes .venv; PYTHON=... puts another first.
with_python = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& exec "$$python" -I config/venv.py $(1); \
	done; \
	echo 'Leadtime needs Python 3.11 or newer and found none. Install one, or name it: make run PYTHON=...' >&2; \
	exit 1

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

venv: # what running needs, in .venv; nothing to do when it is there and the list has not changed
	@$(call with_python,requirements.txt)

dev: # what testing needs on top
	@$(call with_python,requirements-dev.txt)

run: venv ## start Leadtime with synthetic patients on http://127.0.0.1:8000 (PORT=... for another port)
	@exec $(PY) -m config.run $(ARGS)

test: dev ## every check and every test; starts its own PostgreSQL, Redis and Chromium
	@printf '\n== Servers for the tests ==\n'
	@$(PY) -m tests.prepare
	@$(MAKE) --no-print-directory check
	@printf '\n== Tests, on PostgreSQL where there is one ==\n'
	@$(PY) -m pytest $(WORKERS) --durations 25
	@printf '\n== Tests that use the database, on SQLite ==\n'
	@TEST_DATABASE=sqlite $(PY) -m pytest $(WORKERS) --database-only -m 'not ($(ONCE))'

check: dev ## style, types, layers, templates, settings of a server, migrations
	@printf '\n== Style ==\n'
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@printf '\n== Types ==\n'
	@LEADTIME_DATA_DIR=var/check $(PY) -m mypy .
	@printf '\n== Direction of imports ==\n'
	@.venv/bin/lint-imports
	@printf '\n== Templates ==\n'
	@$(PY) -m djlint templates --quiet --lint
	@printf '\n== Settings of a server ==\n'
	@$(SERVER) $(PY) manage.py check --deploy --fail-level WARNING
	@printf '\n== Migrations ==\n'
	@LEADTIME_DATA_DIR=var/check $(PY) manage.py makemigrations --check --dry-run

lock: dev ## compile the pinned lists from requirements.in and requirements-dev.in
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-header requirements.in -o requirements.txt
	@$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt

messages: dev ## collect texts for translation into locale/ (needs GNU gettext) and compile them
	@command -v xgettext >/dev/null || { echo 'This needs GNU gettext, e.g. apt-get install gettext' >&2; exit 1; }
	@$(PY) manage.py makemessages --locale zh_Hans --no-location --no-wrap --no-obsolete \
		--ignore .venv --ignore var --ignore static --ignore tests --ignore benchmarks
	@$(PY) -m config.compile_messages

clean: ## remove the environment and every cache; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
