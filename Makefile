# The front door: works on a machine that has Python 3.11 to 3.13 and pip, and nothing else.
# Everything it calls is a doit task; dodo.py says what depends on what. Without make, see README.md.

PYTHON ?= python3
DOIT := .venv/bin/doit
TASKS := -n 2 -P thread

.PHONY: all lab test bench release help clean
.DEFAULT_GOAL := all

all: .venv/.ready ## everything: environment, data, notebooks, executed lectures, a graded demo class, the book
	@$(DOIT) $(TASKS)

lab: .venv/.ready ## JupyterLab, to work through the lectures and exercises
	@$(DOIT) notebooks
	@.venv/bin/jupyter lab --notebook-dir=.

test: .venv/.ready ## the tests (makes what they look at first)
	@$(DOIT) $(TASKS) notebooks execute book
	@.venv/bin/python -m pytest

bench: .venv/.ready ## side-by-side benchmarks: what README claims comes from here
	@$(DOIT) bench

release: .venv/.ready ## build/release: what a public student repository holds, and the book's site
	@$(DOIT) $(TASKS) release

help: ## this list
	@echo "make targets:"
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo "single steps: $(DOIT) list   (for instance $(DOIT) execute:week01_knn/01_images)"

clean: ## remove everything derived (keeps .venv, the data cache, and your class)
	rm -rf build .doit.db*

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -m pipeline.environment
