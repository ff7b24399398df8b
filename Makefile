# Everything starts from Python, make and the package registry.
#
#   make demo    the sample shop, audited: a report in the terminal, more in reports/
#   make test    our own tests
#   make bench   what it costs, against bare Django; fails beyond benchmarks/budgets.toml
#   make clean   remove all that the other two made

PYTHON ?= python3
# In random order, the same each time; without a seed for another one.
PYTEST_ARGS ?= -q -n auto --randomly-seed=1

.PHONY: demo test bench clean

demo: .venv-demo/installed
	.venv-demo/bin/python -m sample_app.demo

test: .venv/installed
	.venv/bin/python -m pytest $(PYTEST_ARGS)

bench: .venv/installed
	.venv/bin/python -m pytest -q -p no:randomly --ds=benchmarks.settings \
		--benchmark-timer=time.thread_time --benchmark-disable-gc --benchmark-max-time=0.3 \
		--benchmark-columns=median,iqr,rounds --benchmark-sort=name benchmarks
	.venv/bin/python -m benchmarks.suite --tests 800 --rounds 3
	.venv/bin/python -m benchmarks.memory --queries 100000

.venv/installed .venv-demo/installed: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf .venv .venv-demo .venv-oldest .cache reports build dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
