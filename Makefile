# SPDX-License-Identifier: GPL-2.0
# The project's own targets; each is a script in scripts/. `make help` lists them.

MAKEFLAGS += --no-print-directory --no-builtin-rules
.NOTPARALLEL:
.DEFAULT_GOAL := help

include base.mk

# Variables that a user may set, handed on to the scripts.
export LINUX ARCH EDIT JOBS N SEED RUNS

arches := um x86_64 arm64 arm powerpc
# Not in `make check`.
more_arches := sparc64 zynq
ifneq ($(ARCH),)
ifeq ($(filter $(ARCH),$(arches) $(more_arches)),)
$(error unknown ARCH=$(ARCH), it is one of: $(arches) $(more_arches))
endif
endif

.PHONY: help
help:
	@echo 'Main targets:'
	@echo '  run           install what is missing, build the kernel, boot it on model'
	@echo '                devices, show the contract report, do I/O; PASS or FAIL'
	@echo '  check         the tests: KUnit on five architectures, device variants, lint,'
	@echo '                size of struct device, the series byte for byte'
	@echo '  check-all     the rest, for before a release: debug kernels, sparc64, zynq,'
	@echo '                mutants, bench, every prefix of the series, cross-built backends,'
	@echo '                documents (PARTS="bench docs" for some of them)'
	@echo 'Parts of them:'
	@echo '  tree          build/tree: the base kernel, patches applied, overlay linked in'
	@echo '  kunit         the KUnit suites; ARCH= for one: $(arches) $(more_arches)'
	@echo '  variants      the suites on each device variant'
	@echo '  lint          checkpatch, sparse, W=1, kernel-doc, shellcheck'
	@echo '  series        build/series/LOT: the patches, lot by lot, for git am'
	@echo '  series-check  prove that the lots give the tree that was tested'
	@echo '  series-build  build every prefix of every lot, run the suites at its end'
	@echo '  cross         compile the backends that no test here can run'
	@echo '  docs          build our documents'
	@echo '  bench         cost of map and unmap, base and patched kernel side by side'
	@echo '  selftests     user-space tests of shared DMA buffers, on four machines'
	@echo '  fault-injection  random sequences, each allocation of which fails in turn'
	@echo '  coverage      lines of kernel/dma and dma-iommu that the suites execute'
	@echo '  prove         each defect that the fixes mend: the same tests without and with'
	@echo '                them (WRITE=1 puts the table into the documentation)'
	@echo '  mutants       break one promise at a time; a suite must notice. With N=200 SEED=1:'
	@echo '                200 mutants that are made from the source itself, and the score'
	@echo '                (N=all; RUNS="um x86_64-intel-lazy": on these kernels alone)'
	@echo '  report        what is in build/results: a screen, a page (report.html), and JUnit'
	@echo '                XML (junit.xml); check and check-all end with it'
	@echo 'Working on the patches:'
	@echo '  edit          a git tree in EDIT= (build/edit), one commit per patch, our files'
	@echo '                in them'
	@echo '  refresh       write patches/ and our files from the commits of EDIT='
	@echo '  clean         remove what was built; distclean: the unpacked kernel too, but'
	@echo '                not build/edit, which may hold work'
	@echo 'Variables: JOBS=n; LINUX= another base 7.3.y: a source tree, a tarball of kernel.org'
	@echo '           or a git checkout of v7.3.y. Else it is Debian'"'"'s $(BASE_PACKAGE), kept'
	@echo '           in $${XDG_CACHE_HOME:-~/.cache}/linux-dma once it has been fetched'

.PHONY: run check check-all
run:
	@scripts/deps run && scripts/tree && scripts/run-guest

check:
	@scripts/deps check && NEED_GIB=12 scripts/check

check-all:
	@scripts/deps check-all && NEED_GIB=20 scripts/check all $(PARTS)

.PHONY: deps deps-all tree kunit variants lint series series-check series-build
.PHONY: cross docs bench coverage mutants fault-injection prove selftests report
deps: ; @scripts/deps check
deps-all: ; @scripts/deps check-all
tree: deps ; @scripts/tree
kunit: tree ; @for a in $(or $(ARCH),$(arches)); do scripts/kunit $$a || exit; done
variants: tree ; @scripts/kunit-variants
lint: tree ; @scripts/lint
series: deps ; @scripts/series
series-check: tree ; @scripts/series-check
series-build: deps-all tree ; @scripts/series-build
cross: deps-all tree ; @scripts/cross
docs: deps-all tree ; @scripts/docs
bench: tree ; @scripts/bench
coverage: tree ; @scripts/coverage
mutants: $(if $(N),deps-all) tree ; @$(if $(N),scripts/mutate,scripts/mutants)
prove: deps-all tree ; @scripts/prove $(if $(WRITE),--write)
selftests: deps-all tree ; @scripts/selftests
fault-injection: tree ; @scripts/fault-injection
report: ; @scripts/report

.PHONY: edit refresh clean distclean
edit: deps ; @scripts/edit
refresh: ; @scripts/patches-refresh
clean: ; @scripts/clean
distclean: ; @scripts/clean all
