# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every script here shares: the paths, how to talk, how to run a long step,
# how to record a result, how to read the patches. Sourced, never run.

set -u -o pipefail
export LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1
# A caller's git environment (a hook's, say) must not redirect our repositories.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX MAKEFLAGS MAKELEVEL MFLAGS

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034 # all for the scripts that source this
{
build=$top/build
base=$build/base	# unpacked, never edited
tree=$build/tree	# base + patches + overlay
out=$build/out		# O= directories
logs=${LOGS:-$build/logs}
results=${RESULTS:-$build/results}
jobs=${JOBS:-$(nproc)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/linux-dma	# downloads; `make clean` leaves it
overlay_dirs="Documentation arch drivers include kernel lib tools"
}
. "$top/base.mk"

export CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache}
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$top} CCACHE_NOHASHDIR=1
export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=dma KBUILD_BUILD_HOST=dma

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# await_cpu: until fewer jobs run in the background than there are CPUs.
await_cpu() { while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done; }

# full LOG [DIR]: if the disk filled up, say so in one line. LOG may be cut short by it.
full() {
	local left dir=${2:-$build}
	left=$(df -k --output=avail "$dir" | tail -n 1)
	[ "$left" -lt 16384 ] || grep -qs 'No space left on device' "$1" || return 1
	printf 'error: the disk is full (%d MiB left); make room under %s and run it again\n' \
		$((left / 1024)) "$dir" >&2
}

# step NAME COMMAND...: run it with its output in a log, say how it went and how
# long it took, and each minute that it is still at it. Returns its status.
step() {
	local name=$1 log=$logs/$1.log t0=$SECONDS rc=0 pid tick
	shift
	mkdir -p "$(dirname "$log")" || die "cannot write $logs"
	say "  $name: log ${log#"$top"/}"
	# In a process group of its own, so that an interruption ends all of it.
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	set +m
	(
		trap 'kill $s 2>/dev/null; exit' TERM
		while :; do
			sleep 60 & s=$!
			wait $s
			say "  $name: $((SECONDS - t0)) s, $(tail -c 400 "$log" | tr '\r\t' '\n ' |
				grep -v '^ *$' | tail -n 1 | cut -c 1-60)"
		done
	) &
	tick=$!
	# shellcheck disable=SC2064 # the values of now
	trap "kill -- -$pid $tick 2>/dev/null; exit 130" INT TERM HUP
	wait "$pid" || rc=$?
	trap - INT TERM HUP
	kill "$tick" 2>/dev/null
	wait "$tick" 2>/dev/null
	if [ "$rc" -eq 0 ]; then
		say "  $name: done, $((SECONDS - t0)) s"
	elif ! full "$log"; then
		say "  $name: FAILED ($rc), $((SECONDS - t0)) s, see ${log#"$top"/}"
	fi
	return "$rc"
}

# begin STEP: forget the results of an earlier run of STEP.
begin() { mkdir -p "$results" && : >"$results/$1.tap"; }

# result STEP ok|not\ ok|skip NAME [REASON]: one line in build/results/STEP.tap.
result() {
	mkdir -p "$results"
	printf '%s %s/%s%s\n' "$2" "$1" "$3" "${4:+ # $4}" >>"$results/$1.tap"
}

# --- the base --------------------------------------------------------------

# base_tarball_of VERSION: where scripts/fetch keeps the tarball of that package.
base_tarball_of() { say "$cache/${BASE_PACKAGE}_$1.tar.xz"; }

# base_tarball: the one to use: of the version that base.mk names, or the newest that is
# newer. Nothing if it has to be fetched.
base_tarball() {
	local f v best=
	f=$(base_tarball_of "$BASE_VERSION")
	[ ! -f "$f" ] || { say "$f"; return; }
	for f in "$cache/${BASE_PACKAGE}_"*.tar.xz; do
		v=$(base_tarball_version "$f")
		[ -f "$f" ] && dpkg --compare-versions "$v" gt "${best:-$BASE_VERSION}" && best=$v
	done
	[ -z "$best" ] || base_tarball_of "$best"
}
base_tarball_version() { local v=${1##*/"$BASE_PACKAGE"_}; say "${v%.tar.xz}"; }

# --- patches ---------------------------------------------------------------

# series_list: the patches, in order.
series_list() { sed 's/#.*//; /^[[:space:]]*$/d' "$top/patches/series"; }

# patch_head FILE / patch_hunks FILE: what stands above and below its `---`.
patch_head() { sed '/^---$/,$d' "$1"; }
patch_hunks() { sed '1,/^---$/d' "$1"; }

# patch_adds FILE: the overlay files that it claims.
patch_adds() { patch_head "$1" | sed -n 's/^Adds:[[:space:]]*//p'; }

# patch_files FILE: the upstream files that it changes.
patch_files() { patch_hunks "$1" | sed -n 's|^diff --git a/.* b/||p'; }

# patch_apply FILE DIR: no fuzz; says which hunk does not fit.
patch_apply() {
	local msg where
	patch_hunks "$1" | grep '^diff --git' >/dev/null || return 0
	msg=$(patch_hunks "$1" | patch -d "$2" -p1 -F0 --no-backup-if-mismatch -r /dev/null -f 2>&1) &&
		return 0
	where=$(printf '%s\n' "$msg" | awk '/^patching file /{f=$3}
		/FAILED at/{sub(/^.*FAILED at /,""); print f ":" $1+0; exit}')
	where=${where:-$(printf '%s\n' "$msg" | head -n 1)}
	printf 'error: %s does not fit the base (%s): %s\n' "${1#"$top"/}" \
		"$(cat "$build/base.version" 2>/dev/null)" "$where" >&2
	return 1
}

# overlay_list: the files that we own, as paths in the kernel tree.
overlay_list() {
	local dirs=() d
	for d in $overlay_dirs; do
		[ -d "$top/$d" ] && dirs+=("$d")
	done
	[ ${#dirs[@]} -eq 0 ] || (cd "$top" && find "${dirs[@]}" -type f ! -name '*~' ! -name '.*.sw?' \
		! -name '*.sw?' ! -name '*.orig' ! -name '*.rej' ! -name '*.pyc' ! -name '*.o' | sort)
}

# maintainers_merge FILE: FILE with our sections at their alphabetical places.
maintainers_merge() {
	awk -v ours="$top/MAINTAINERS" '
	BEGIN {
		while ((getline line < ours) > 0) {
			if (line ~ /^[A-Z]:\t/) { if (n) text[n] = text[n] line "\n"; inside = 1 }
			else if (line != "" && line !~ /^#/) { n++; title[n] = line; text[n] = line "\n" }
		}
		next_one = 1
	}
	function flush(upto) {
		while (next_one <= n && (upto == "" || toupper(title[next_one]) < toupper(upto)))
			printf "%s\n", text[next_one++]
	}
	# A title is held back until the line below it shows that it is one.
	held != "" {
		if ($0 ~ /^[A-Z]:\t/ && list) flush(held == "THE REST" ? "" : held)
		print held; held = ""
	}
	/^Maintainers List/ { list = 1 }
	list && prev == "" && /^[0-9A-Z]/ && !/^[A-Z]:\t/ { held = $0; prev = $0; next }
	{ print; prev = $0 }
	END { if (held != "") print held; flush("") }' "$1"
}

# maintainers_patch: the patch that our sections come with, the first to add a file.
maintainers_patch() {
	local p
	for p in $(series_list); do
		[ -z "$(patch_adds "$top/patches/$p")" ] || { say "$p"; break; }
	done
}

# stack_files: every upstream file that some patch changes.
stack_files() {
	local p
	[ -z "$(maintainers_patch)" ] || echo MAINTAINERS
	for p in $(series_list); do
		patch_files "$top/patches/$p"
	done | sort -u
}

# stack_base DIR: the base's version of those files, in DIR.
stack_base() {
	local f
	stack_files | while read -r f; do
		[ -e "$base/$f" ] || die "patches/ changes $f, which the base does not have"
		mkdir -p "$1/$(dirname "$f")" && cp -p "$base/$f" "$1/$f" || exit 1
	done
}

# stack_push FILE DIR: one patch onto DIR, our sections with the one that brings them.
stack_push() {
	patch_apply "$1" "$2" || return 1
	[ "${1##*/}" = "$(maintainers_patch)" ] || return 0
	maintainers_merge "$base/MAINTAINERS" >"$2/MAINTAINERS.new" &&
		mv "$2/MAINTAINERS.new" "$2/MAINTAINERS"
}

# patch_subject FILE / patch_body FILE: its message, without what `Adds:` says.
patch_subject() { sed -n '1s/^Subject: //p' "$1"; }
patch_body() {
	patch_head "$1" | sed '1d; /^Adds:/d' | awk 'NF {for (; n; n--) print ""; print; s = 1; next} s {n++}'
}

# --- git -------------------------------------------------------------------

# clean_git ARGUMENTS: git with nobody's configuration, so that the output depends on
# the input alone. WHO_NAME, WHO_EMAIL and WHEN are author and committer.
clean_git() {
	env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C TZ=UTC GIT_CONFIG_NOSYSTEM=1 \
		GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 \
		GIT_AUTHOR_NAME="${WHO_NAME:-nobody}" GIT_AUTHOR_EMAIL="${WHO_EMAIL:-nobody@localhost}" \
		GIT_COMMITTER_NAME="${WHO_NAME:-nobody}" GIT_COMMITTER_EMAIL="${WHO_EMAIL:-nobody@localhost}" \
		GIT_AUTHOR_DATE="@${WHEN:-0} +0000" GIT_COMMITTER_DATE="@${WHEN:-0} +0000" \
		git -c core.fsync=none -c gc.auto=0 -c safe.directory='*' "$@"
}

# git_import DIR: a repo of all that DIR holds, one commit, tagged base. As one pack,
# because 90,000 loose objects take a minute more.
git_import() {
	clean_git init -q --template= -b series "$1" &&
		clean_git -C "$1" -c core.bigFileThreshold=1 -c core.compression=1 add -A -f &&
		clean_git -C "$1" commit -q -m base &&
		clean_git -C "$1" tag base
}
