# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The records of make check-all, baseline/check-all/PART: when the part last passed, its
# counts, and a checksum of what its verdict depends on: the base, the hunks of the
# patches, our files, the configurations and the scripts that run and judge it. Messages of
# patches do not count. Documents count for the part that builds them only.
# Sourced in the place of lib.sh.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck disable=SC2034 # for the scripts that source this
records="kunit-um-dynamic kunit-um-cc kunit-x86_64-nodebug kunit-arm64-nodebug kunit-x86_64-kasan kunit-x86_64-rdma kunit-x86_64-xen kunit-sparc64 kunit-zynq selftests fault-injection coverage prove bench mutants series-build cross docs"
record_dir=$top/baseline/check-all

# record_hunks PATCH...: their hunks, without those for documents.
record_hunks() {
	local p
	for p; do
		patch_adds "$top/patches/$p" | grep -v '^Documentation/'
		patch_hunks "$top/patches/$p"
	done | awk '/^diff --git /{on = $NF !~ /^b\/(Documentation\/|MAINTAINERS)/} /^[^ +@\\-]/ && !/^diff|^index/{print; next}
		on && !/^index /'
}

# record_tests: the files that lot tests adds, without its documents.
record_tests() {
	local p
	for p in $(lot_series tests); do patch_adds "$top/patches/$p"; done | grep -v '^Documentation/'
}

# record_taken_back: the hunks of later lots for those files: make prove takes them back.
record_taken_back() {
	local p
	for p in $(series_list | grep -v '^fixes-\|^tests/'); do
		patch_part "$top/patches/$p" ours
	done | awk -v files="$(record_tests)" '
		BEGIN { n = split(files, list, "\n"); for (; n; n--) is[list[n]] = 1 }
		/^diff --git /{ on = substr($NF, 3) in is }
		on && !/^index /'
}

# record_files PART: the files that it depends on, as paths in the repo.
record_files() {
	local code configs='' scripts="scripts/guest.sh scripts/qemu scripts/um scripts/guest-init scripts/kunit_results.py scripts/suites.list"
	code=$(overlay_list | grep -v '^Documentation/')
	local kunit="configs/common.config configs/small.config configs/dma-debug.config"
	case $1 in
	kunit-*)
		local arch variant
		IFS=- read -r _ arch variant <<<"$1"
		configs="$kunit configs/$arch.config configs/$variant.config qemu/$arch*.py"
		scripts="$scripts scripts/kunit" ;;
	selftests)
		configs="$kunit configs/x86_64.config configs/arm64.config qemu/x86_64.py qemu/arm64.py"
		scripts="$scripts scripts/selftests-init.c scripts/kselftest.awk scripts/variants.list" ;;
	fault-injection) configs="$kunit configs/um.config configs/x86_64.config configs/fault.config qemu/x86_64.py" ;;
	coverage)
		configs="$kunit configs/x86_64.config configs/coverage.config qemu/x86_64.py"
		scripts="$scripts scripts/coverage_lines.py scripts/coverage.list scripts/variants.list" ;;
	prove | prove-fixes)
		# Its rows of the fixes lots do not depend on the later ones.
		[ "$1" = prove ] || code=$(record_tests)
		configs="configs/*.config qemu/*.py"
		scripts="$scripts scripts/prove_row.py scripts/prove.list scripts/variants.list" ;;
	bench)
		code=$(grep -v '_kunit\.c$\|/tests/\|/model/' <<<"$code")
		configs="configs/bench-*.config" scripts="bench/*.c bench/Kbuild" ;;
	mutants | mutants-tree)
		configs="configs/*.config qemu/*.py"
		# What all of them depend on.
		[ "$1" = mutants-tree ] || configs="$configs mutants/*.patch"
		scripts="$scripts scripts/variants.list scripts/mutant_tree.sh" ;;
	mutate)
		configs="configs/*.config qemu/*.py"
		scripts="$scripts scripts/variants.list scripts/mutant_tree.sh scripts/mutate.py" ;;
	series-build)
		configs="configs/*.config qemu/*.py"
		scripts="$scripts scripts/kunit scripts/series scripts/series-check" ;;
	cross) configs="configs/cross-*.config configs/off-*.config" scripts=scripts/lint-objects ;;
	docs) code=$(overlay_list) scripts='' ;;
	esac
	[[ $1 == kunit-* ]] || scripts="$scripts scripts/$(say "$1" | sed 's/-tree$\|-fixes$//')"
	scripts="$scripts scripts/lib.sh scripts/tree scripts/summary"
	# shellcheck disable=SC2086 # patterns
	(cd "$top" && ls -d $code $configs $scripts 2>/dev/null) | sort -u
}

# record_key PART: the checksum.
record_key() {
	local p f step of=$1
	{
		cat "$build/base.id"
		case $1 in
		docs) for p in $(series_list); do say "$p"; patch_hunks "$top/patches/$p"; done ;;
		prove-fixes)
			for p in $(series_list | grep '^fixes-\|^tests/'); do record_hunks "$p"; done
			record_taken_back ;;
		series-build) for p in $(series_list); do say "== ${p%%-*}"; record_hunks "$p"; done ;;
		*) for p in $(series_list); do record_hunks "$p"; done ;;
		esac
		record_files "$1" | while read -r f; do
			say "$f $(sha256sum <"$top/$f")"
		done
		# The skips that it may have. series-build runs this kernel.
		[ "$1" != series-build ] || of="kunit-x86_64"
		while read -r p; do
			step=${p%%/*}
			# shellcheck disable=SC2053 # a pattern is meant
			[[ $of == $step || $step == $of-* ]] && say "$p"
		done < <(sed 's/[[:space:]]*#.*//; /^$/d' "$top/scripts/skips.list")
	} | sha256sum | cut -c 1-32
}

# record_state PART: `recorded DATE: COUNTS`, `stale` or `never`.
record_state() {
	local key date counts
	[ -s "$record_dir/$1" ] || { say never; return; }
	read -r key date counts <"$record_dir/$1"
	[ "$key" = "$(record_key "$1")" ] && say "recorded $date $counts" || say stale
}

# record_put PART KEY COUNTS: it has passed. KEY was taken when it began.
record_put() {
	[ "$2" = "$(record_key "$1")" ] || { say "not recorded: files changed while $1 ran" >&2; return; }
	mkdir -p "$record_dir" && say "$2 $(date -u +%Y-%m-%d): $3" >"$record_dir/$1" ||
		say "cannot write $record_dir/$1" >&2
}
