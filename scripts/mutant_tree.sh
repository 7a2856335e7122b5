# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The copy of build/tree whose files mutants change, and the kernels that are built of it.
# Sourced in the place of guest.sh, by scripts/mutants and scripts/mutate.

work=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)/build/mutant
# As far from one another as build/tree and build/out are: ccache finds what it has.
KUNIT_TREE=$work/tree KUNIT_OUT=$work/out
# shellcheck source=scripts/guest.sh
. "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

put() { # put FILE: as build/tree has it, and never through a hard or symbolic link
	mkdir -p "$(dirname "$kunit_tree/$1")" &&
		cp -L "$tree/$1" "$kunit_tree/$1.new~" && mv "$kunit_tree/$1.new~" "$kunit_tree/$1" ||
		die "cannot write $kunit_tree/$1"
}

# refresh: build/tree by hard links, but for the files that mutants may change. What an
# earlier run has left mutated gets a new date, and so is built again.
refresh() {
	local f
	exec 9>"$build/.tree.lock" && flock 9
	if ! cmp -s "$build/tree.id" "$work/tree.id"; then
		rm -rf "$work/tree" "$work/tree.tmp" "$work/tree.id"
		mkdir -p "$work" && cp -al "$tree" "$work/tree.tmp" || die "cannot link $tree"
		mv "$work/tree.tmp" "$work/tree" && cp "$build/tree.id" "$work/" || die "cannot write $work"
	fi
	{ overlay_list; stack_files; } | while read -r f; do
		[ ! -L "$kunit_tree/$f" ] && cmp -s "$tree/$f" "$kunit_tree/$f" || put "$f" || exit 1
	done || exit 1
	find "$kunit_tree" -type f -links 1 -printf '%P\n' | while read -r f; do
		if [ ! -e "$tree/$f" ]; then
			rm -f "$kunit_tree/$f"
		elif ! cmp -s "$tree/$f" "$kunit_tree/$f"; then
			put "$f" || exit 1
		fi
	done || exit 1
	exec 9>&-
}

# kernel_of RUN: the kernel that it needs: a device variant has that of its architecture.
kernel_of() {
	if kunit_variants | grep -xF -- "$1" >/dev/null; then say "${1%%-*}"; else say "$1"; fi
}

# keep DIR: the kernel that was built, in a directory of its own, so that it can run while
# the next one is built.
keep() {
	local image=linux
	[ "$arch" = um ] || image=$(qemu_param kernel_path)
	mkdir -p "$1/$(dirname "$image")" && cp "$kdir/$image" "$1/$image" || die "cannot write $1"
}
