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

# end_jobs_too: from now on an interruption ends what runs in the background, too.
end_jobs_too() { trap 'kill $(jobs -rp) 2>/dev/null; wait; exit 130' INT TERM HUP; }

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
begin() { mkdir -p "$results" && : >"$results/$1.tap" && rm -f "$results/$1.cases"; }

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

# lot_list: the lots that have patches, in order. lot_to LOT: whom it is sent to.
lot_list() {
	local lot
	for lot in $(lot_names); do
		[ ! -s "$top/patches/$lot/series" ] || say "$lot"
	done
}
lot_names() { sed 's/#.*//' "$top/patches/lots" | awk 'NF {print $1}'; }
lot_to() {
	sed 's/#.*//' "$top/patches/lots" |
		awk -v lot="$1" '$1 == lot {sub(/^[ \t]*[^ \t]+[ \t]*(To:[ \t]*)?/, ""); print}'
}

# lot_series LOT: its patches, in order, as `lot/file`. series_list: those of all lots.
lot_series() { sed "s/#.*//; s/[[:space:]]//g; /^\$/d; s|^|$1/|" "$top/patches/$1/series"; }
series_list() {
	local lot
	for lot in $(lot_list); do
		lot_series "$lot"
	done
}

# series_faults: what is wrong with the layout of patches/, a line each.
series_faults() {
	local lot f
	lot_names | sort | uniq -d | sed 's/^/patches\/lots: twice: /'
	for f in "$top"/patches/*/series; do
		lot=$(basename "$(dirname "$f")")
		[ ! -e "$f" ] || lot_names | grep -xF -- "$lot" >/dev/null ||
			say "patches/lots does not name $lot"
	done
	for lot in $(lot_list); do
		[ -s "$top/patches/$lot/cover-letter" ] || say "patches/$lot/cover-letter is not there or empty"
		[ -n "$(lot_to "$lot")" ] || say "patches/lots: $lot is sent to nobody"
		lot_series "$lot" | sort | uniq -d | sed 's/^/twice in its series: patches\//'
		diff <(cd "$top/patches" && find "$lot" -name '*.patch' | sort) <(lot_series "$lot" | sort -u) |
			sed -n 's/^< \(.*\)/patches\/\1 is not in its series/p; s/^> \(.*\)/patches\/\1 is not there/p'
	done
}

# series_key: a checksum of the base, the patches and our files.
series_key() {
	(cd "$top" && cat build/base.id patches/lots MAINTAINERS && for lot in $(lot_list); do
		cat "patches/$lot/cover-letter" "patches/$lot/series"
	done && series_list | sed 's|^|patches/|' | xargs sha256sum && overlay_list | xargs sha256sum) |
		sha256sum | cut -c 1-64
}

# patch_head FILE / patch_hunks FILE: what stands above and below its `---`.
patch_head() { sed '/^---$/,$d' "$1"; }
patch_hunks() { sed '1,/^---$/d' "$1"; }

# patch_adds FILE: the overlay files that it claims.
patch_adds() { patch_head "$1" | sed -n 's/^Adds:[[:space:]]*//p'; }

# patch_files FILE: the files that it changes, ours among them. patch_ours FILE: only ours.
patch_files() { patch_hunks "$1" | sed -n 's|^diff --git a/.* b/||p'; }
patch_ours() {
	local f
	patch_files "$1" | while read -r f; do
		! is_ours "$f" || say "$f"
	done
}

# is_ours FILE: whether it is an overlay file, not the base's.
is_ours() { [[ " $overlay_dirs " == *" ${1%%/*} "* ]] && [ -f "$top/$1" ]; }

# patch_part FILE all|base|ours: its hunks, or those only for the base's files, or for ours.
patch_part() {
	[ "$2" != all ] || { patch_hunks "$1"; return; }
	patch_hunks "$1" | awk -v ours="$(patch_ours "$1")" -v which="$2" '
		BEGIN { n = split(ours, list, "\n"); for (; n; n--) is[list[n]] = 1 }
		/^diff --git a\// { f = $NF; sub(/^b\//, "", f); on = (f in is) == (which == "ours") }
		on'
}

# patch_apply FILE DIR [all|base|ours [-R]]: no fuzz; says which hunk does not fit.
patch_apply() {
	local msg where part
	part=$(patch_part "$1" "${3:-all}")
	[ -n "$part" ] || return 0
	msg=$(patch -d "$2" -p1 -F0 ${4:+"$4"} --no-backup-if-mismatch -r /dev/null -f <<<"$part" 2>&1) &&
		return 0
	where=$(printf '%s\n' "$msg" | awk '/^patching file /{f=$3}
		/FAILED at/{sub(/^.*FAILED at /,""); print f ":" $1+0; exit}')
	where=${where:-$(printf '%s\n' "$msg" | head -n 1)}
	if [ "${4:-}" = -R ]; then
		printf 'error: %s does not fit our file, from which the later patches were taken back: %s\n' \
			"${1#"$top"/}" "$where" >&2
	else
		printf 'error: %s does not fit the base (%s): %s\n' "${1#"$top"/}" \
			"$(cat "$build/base.version" 2>/dev/null)" "$where" >&2
	fi
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

# overlay_first DIR: in DIR, each overlay file that later patches change, as the patch
# that adds it has it: what is in $top, those patches taken back.
overlay_first() {
	local order p f i
	mapfile -t order < <(series_list)
	for ((i = ${#order[@]} - 1; i >= 0; i--)); do
		p=$top/patches/${order[i]}
		for f in $(patch_ours "$p"); do
			[ -e "$1/$f" ] || { mkdir -p "$1/$(dirname "$f")" && cp -L "$top/$f" "$1/$f"; } || return 1
		done
		patch_apply "$p" "$1" ours -R || return 1
	done
}

# overlay_add FILE DIR FIRST: put the overlay files that the patch FILE adds into DIR, from
# what overlay_first has made in FIRST.
overlay_add() {
	local f from
	for f in $(patch_adds "$1"); do
		is_ours "$f" || { say "error: ${1#"$top"/}: Adds: $f, which is not there" >&2; return 1; }
		from=$top/$f
		[ ! -e "$3/$f" ] || from=$3/$f
		mkdir -p "$2/$(dirname "$f")" && cp -L "$from" "$2/$f" &&
			chmod "$([ -x "$top/$f" ] && echo 755 || echo 644)" "$2/$f" || return 1
	done
}

# maintainers_merge FILE CLAIMED: FILE with our sections at their alphabetical places, and
# in them the F: lines that fit a file named in CLAIMED.
maintainers_merge() {
	awk -v ours="$top/MAINTAINERS" -v claimed="$2" '
	function fits(pattern,  f) {
		gsub(/[.+]/, "[&]", pattern)
		gsub(/[*]/, "[^/]*", pattern)
		gsub(/[?]/, "[^/]", pattern)
		sub(/\/$/, "/.*", pattern)
		for (f in files)
			if (f ~ "^" pattern "$")
				return 1
		return 0
	}
	BEGIN {
		while ((getline line < claimed) > 0) files[line] = 1
		while ((getline line < ours) > 0) {
			if (line ~ /^F:\t/) {
				if (!fits(substr(line, 4))) continue
				used[n] = 1
			}
			if (line ~ /^[A-Z]:\t/) { if (n) text[n] = text[n] line "\n" }
			else if (line != "" && line !~ /^#/) { n++; title[n] = line; text[n] = line "\n" }
		}
		next_one = 1
	}
	function flush(upto) {
		for (; next_one <= n && (upto == "" || toupper(title[next_one]) < toupper(upto)); next_one++)
			if (used[next_one]) printf "%s\n", text[next_one]
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

# stack_files [LOT...]: every upstream file that some patch changes.
stack_files() {
	local p lot f lots=${*:-$(lot_list)}
	{
		echo MAINTAINERS
		for lot in $lots; do
			for p in $(lot_series "$lot"); do
				patch_files "$top/patches/$p"
			done
		done
	} | sort -u | while read -r f; do
		is_ours "$f" || say "$f"
	done
}

# stack_base DIR [LOT...]: the base's version of those files, in DIR; DIR.claimed is what
# stack_push has been told that patches add.
stack_base() {
	local f dir=$1
	shift
	: >"$dir.claimed"
	stack_files "$@" | while read -r f; do
		[ -e "$base/$f" ] || die "patches/ changes $f, which the base does not have"
		mkdir -p "$dir/$(dirname "$f")" && cp -p "$base/$f" "$dir/$f" || exit 1
	done
}

# stack_push FILE DIR [all|base]: one patch onto DIR, and what MAINTAINERS says of the
# files that it adds.
stack_push() {
	patch_apply "$1" "$2" "${3:-all}" || return 1
	[ -n "$(patch_adds "$1")" ] || return 0
	patch_adds "$1" >>"$2.claimed"
	maintainers_merge "$base/MAINTAINERS" "$2.claimed" >"$2/MAINTAINERS.new" &&
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
