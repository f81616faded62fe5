# The front door: works on a machine that has Python 3.11 to 3.13 and pip, and nothing else.
# Everything it calls is a doit task; dodo.py says what depends on what. Without make, see README.md.

PYTHON ?= python3
DOIT := .venv/bin/doit
TASKS := -n 2 -P thread

.PHONY: all lab check test bench release help clean environment
.DEFAULT_GOAL := all

all: environment ## everything: environment, data, notebooks, executed lectures, a graded demo class, the book
	@$(DOIT) notebooks data && $(DOIT) $(TASKS)

lab: ## JupyterLab, for students: your own copies of the lectures and exercises, in work/
	@$(PYTHON) -m pipeline.environment --student
	@.venv/bin/python -m helpers.start

check: environment ## style, types and the quick tests, in a minute: what to run after every change
	@.venv/bin/python -m pipeline.checks --quick

test: environment ## all tests (makes what they look at first; expensive ones that are known to be green are not run again)
	@.venv/bin/python -m pipeline.checks --all

bench: environment ## side-by-side benchmarks: what README claims comes from here
	@$(DOIT) bench

release: environment ## build/release: what a public student repository holds, and the book's site
	@$(DOIT) $(TASKS) release

help: ## this list
	@echo "make targets:"
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo "single steps: $(DOIT) list   (for instance $(DOIT) execute:week01_knn/01_images)"

clean: ## remove everything derived (keeps .venv, the data cache, your work and your class)
	rm -rf build .doit.db*

environment: # takes no time where nothing has changed
	@$(PYTHON) -m pipeline.environment
