# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How a KUnit kernel is built and booted, through the stock kunit.py. Sourced in the
# place of lib.sh. KUNIT_TREE= and KUNIT_OUT= name another tree and another place for its
# O= directories than build/tree and build/out; TIMEOUT= the seconds a guest has; KUNIT_SEED=
# the seed of dma_stateful's sequences, 0 for one that changes each day.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# __FILE__ is relative to the tree in any case: what another tree has compiled will do.
export CCACHE_IGNOREOPTIONS='-fmacro-prefix-map=*'

kunit_tree=${KUNIT_TREE:-$tree}
kunit_out=${KUNIT_OUT:-$out}
guest_timeout=${TIMEOUT:-1200}
# shellcheck disable=SC2034 # for the scripts that source this
{
# Its default mask hides what lies above 256 MiB; arm has no memory below that.
edu="-device edu,dma_mask=0xffffffff"
# For a platform that gives a device with 64 bits a window on all memory.
edu64="-device edu,dma_mask=0xffffffffffffffff"
# A switch, with edu below one port and memory that it can reach below the other. The CPU
# is one whose host bridges pass on what functions send to one another.
edu_p2p="-cpu EPYC -device pcie-root-port,id=root -device x3130-upstream,id=up,bus=root
 -device xio3130-downstream,id=down1,bus=up,chassis=1
 -device xio3130-downstream,id=down2,bus=up,chassis=2
 -object memory-backend-ram,id=bar,size=4M -device ivshmem-plain,memdev=bar,bus=down1
 $edu,bus=down2"
# sun4u has no MSI, and so no edu. This one copies memory, too; the bus is that with slots.
lsi_pci="-device lsi53c895a"
lsi="$lsi_pci,bus=pciB"
# The files of suites on hardware that is made up: the same on all machines. scripts/suites.list
# has them as suites that no variant (@) runs.
apart="module!=model_kunit,module!=driver_kunit,module!=order_kunit,module!=ring_kunit"
apart+=",module!=sn_kunit,module!=benchmark_kunit"
# One instruction is one virtual nanosecond, and a guest that sleeps costs none: the
# 100 ms of an edu transfer pass at once.
icount="-accel tcg -icount shift=0,sleep=off"
}

rm -f "$kunit_out/options"

# fragment CONFIG: its file, or for a prefix of the series a copy without the options that
# come later. The options of the tree are looked up once: who changes the tree removes the list.
fragment() {
	local copy=$kunit_out/$1.config list=$kunit_out/options own=$BASHPID
	[ "$kunit_tree" != "$tree" ] || { say "$top/configs/$1.config"; return; }
	mkdir -p "$kunit_out" || die "cannot write $kunit_out"
	if [ ! -s "$list" ]; then
		grep -rhs --include='Kconfig*' -E '^(menu)?config ' "$kunit_tree" >"$list.$own" &&
			mv "$list.$own" "$list" || die "cannot write $list"
	fi
	awk 'NR == FNR { known["CONFIG_" $2 "=y"] = 1; next } !/=y$/ || $0 in known' \
		"$list" "$top/configs/$1.config" >"$copy.$own" && mv "$copy.$own" "$copy" ||
		die "cannot write $copy"
	say "$copy"
}

# kunit_setup ARCH [VARIANT]: sets what the functions below read.
kunit_setup() {
	arch=$1 variant=${2:-}
	kname=kunit-$arch${variant:+-$variant}
	kernel_is=$kname
	kdir=$kunit_out/$kname
	local cross='' config configs=(common small "$arch")
	case $arch in
	um | x86_64) ;;
	arm64) cross=aarch64-linux-gnu- ;;
	arm) cross=arm-linux-gnueabihf- ;;
	powerpc) cross=powerpc64le-linux-gnu- ;;
	sparc64) cross=sparc64-linux-gnu- ;;
	zynq) cross=arm-linux-gnueabihf- ;;
	*) die "unknown ARCH=$arch, it is one of: um x86_64 arm64 arm powerpc sparc64 zynq" ;;
	esac
	case $arch/$variant in
	*/) configs+=(dma-debug) ;;
	um/dynamic) configs+=(dma-debug dynamic) ;;
	um/cc) configs+=(dma-debug cc) ;;
	um/rdma) configs+=(dma-debug rdma) ;;
	um/nodebug | x86_64/nodebug | arm64/nodebug) ;;
	x86_64/kasan) configs+=(dma-debug kasan) ;;
	x86_64/rdma) configs+=(dma-debug rdma) ;;
	x86_64/coverage) configs+=(dma-debug coverage) ;;
	um/fault | x86_64/fault) configs+=(fault) ;;
	x86_64/xen) configs+=(dma-debug xen) ;;
	*) die "unknown variant $variant of $arch, it is: nodebug (um, x86_64, arm64), kasan, coverage or xen (x86_64), rdma or fault (um, x86_64), dynamic or cc (um)" ;;
	esac
	local cc="${cross}gcc" hostcc=gcc
	command -v "$cc" >/dev/null || die "no compiler for $arch: $cc"
	command -v ccache >/dev/null && cc="ccache $cc" hostcc="ccache gcc"
	kunit_options=(--build_dir "$kdir" --make_options "CC=$cc" --make_options "HOSTCC=$hostcc"
		--kunitconfig "$kunit_tree/kernel/dma/tests")
	for config in "${configs[@]}"; do
		[ -e "$top/configs/$config.config" ] &&
			kunit_options+=(--kunitconfig "$(fragment "$config")")
	done
	local qemu=$arch
	[ "$variant" != xen ] || qemu=x86_64-xen
	[ "$arch" = um ] || kunit_options+=(--qemu_config "$top/qemu/$qemu.py")
	[ -z "$cross" ] || kunit_options+=(--cross_compile "$cross")
}

kunit_py() { python3 -u "$kunit_tree/tools/testing/kunit/kunit.py" "$@"; }

# kunit_make: kunit.py keeps make's words to itself, so count the objects in the log.
kunit_make() {
	local rc=0 ticker
	while sleep 15; do say "$(find "$kdir" -name '*.o' | wc -l) objects"; done &
	ticker=$!
	kunit_py build "${kunit_options[@]}" --jobs "$jobs" || rc=$?
	kill "$ticker"
	return "$rc"
}

# kunit_build: the kernel that kunit_setup has named. A variant begins with the objects of the
# plain kernel, if that is there: kbuild makes again what depends on an option that differs.
kunit_build() {
	local plain=$kunit_out/kunit-$arch
	mkdir -p "$kunit_out" || die "cannot write $kunit_out"
	if [ "$kdir" != "$plain" ] && [ ! -e "$kdir" ] && [ -e "$plain/vmlinux" ]; then
		rm -rf "$kdir.new"
		cp -a "$plain" "$kdir.new" && mv "$kdir.new" "$kdir" || die "cannot write $kdir"
	fi
	step "$kname-build" kunit_make
}

# shellcheck disable=SC2034 # for the scripts that source this
# kunit_machine: the plain machine of the architecture: $machine, for QEMU, and ${args[@]},
# for the kernel.
kunit_machine() {
	machine="$edu $icount" args=("edu_kunit.backend=direct")
	case $arch/$variant in
	um/cc) machine='' args=("kunit.filter_glob=dma_cc*") ;;
	um/*) machine='' args=() ;;
	powerpc/*) machine="$edu64 $icount" args=("edu_kunit.backend=ddw" "edu_kunit.mask=64") ;;
	sparc64/*) machine=$lsi args=() ;;
	zynq/*) machine="-dtb $kdir/arch/arm/boot/dts/xilinx/zynq-zc702.dtb $icount" args=() ;;
	# The hypervisor's timers are calibrated against one another, so no icount. The
	# pattern is for dma_conformance*, dma_stateful and dma_edu, which know Xen.
	x86_64/xen) machine=$edu args=("edu_kunit.backend=xen" "kunit.filter_glob=dma_[ces]*[fd]*") ;;
	esac
}

# kunit_variants: the names of scripts/variants.list.
kunit_variants() { sed '/^#/d; s/|.*//' "$top/scripts/variants.list"; }

# shellcheck disable=SC2034 # for the scripts that source this
# kunit_on NAME: kunit_setup and kunit_machine for a device variant, or for a kernel named
# ARCH[-VARIANT]. $backend is what the edu suite has to find, if that is to be judged.
kunit_on() {
	local row qemu kernel device
	row=$(grep "^$1|" "$top/scripts/variants.list")
	if [ -z "$row" ]; then
		IFS=- read -r qemu kernel <<<"$1"
		kunit_setup "$qemu" "$kernel"
		kunit_machine
		backend=''
		return
	fi
	IFS='|' read -r _ backend qemu kernel device <<<"$row"
	device=${device:-edu}
	kunit_setup "${1%%-*}"
	# The plain machine runs what does not depend on it.
	machine="$qemu ${!device}" args=("dma_conformance.everywhere=0" "kunit.filter=$apart")
	[ -z "$backend" ] || args+=("edu_kunit.backend=$backend")
	kernel_is+=@${1#*-}
	[[ $machine == *-accel* ]] || machine+=" $icount"
	# Words of the kernel's.
	[ -z "$kernel" ] || args+=("$kernel")
}

# xen_hypervisor: the hypervisor's file, taken out of Debian's package, in $xen. Nothing is
# installed: the package would make the host boot Xen.
xen_hypervisor() {
	local dir=$build/xen package file
	xen=$dir/xen
	[ ! -s "$xen" ] || return 0
	package=$(apt-cache search -n '^xen-hypervisor-[0-9.]*-amd64$' | awk '{print $1}' | sort -V | tail -n 1)
	[ -n "$package" ] || { say "error: apt knows no package xen-hypervisor-*-amd64" >&2; return 1; }
	rm -rf "$dir"
	mkdir -p "$dir/root" && (cd "$dir" && apt-get -qq download "$package") &&
		dpkg -x "$dir/$package"_*.deb "$dir/root" || return 1
	file=$(find "$dir/root/boot" -name 'xen-*-amd64.gz' | sort -V | tail -n 1)
	[ -n "$file" ] || { say "error: no hypervisor in $package" >&2; return 1; }
	# QEMU loads no compressed one.
	gzip -dc "$file" >"$xen.new" && mv "$xen.new" "$xen"
}

# qemu_param KEY: a string of the --qemu_config of $arch.
qemu_param() { sed -n "s/.*$1=\"\([^\"]*\)\".*/\1/p" "$top/qemu/$arch.py"; }

# kunit_command QEMU_ARGS [KERNEL_ARG...]: what boots it and prints its console, in ${boot[@]}.
# The kernel is that of $kdir, or one that was copied from there to $kunit_kept.
kunit_command() {
	local args=() arg bin=$build/qemu env=() count=swiotlb=track_hiwater dir=${kunit_kept:-$kdir}
	[ -z "$1" ] || args=(--qemu_args "$1")
	shift
	# swiotlb counts its slots only if asked to, and the suites look for leaks.
	for arg; do
		case $arg in swiotlb=*) arg=$arg,track_hiwater count= ;; esac
		args+=(--kernel_args "$arg")
	done
	[ -z "$count" ] || args+=(--kernel_args "$count")
	[ -z "${KUNIT_SEED:-}" ] || args+=(--kernel_args "dma_stateful.seed=$KUNIT_SEED")
	if [ "$arch" = um ]; then
		env=("LINUX=$dir/linux") dir=$build/um
		mkdir -p "$dir" && ln -sf "$top/scripts/um" "$dir/linux" || die "cannot write $dir"
	else
		arg=$(command -v qemu-system-"$(qemu_param qemu_arch)") ||
			die "no QEMU for $arch"
		mkdir -p "$bin" && ln -sf "$top/scripts/qemu" "$bin/${arg##*/}" || die "cannot write $bin"
		env=("PATH=$bin:$PATH")
		if [ "$variant" = xen ]; then
			xen_hypervisor || die "no Xen hypervisor"
			env+=("XEN=$xen" "XEN_ARGS=dom0_mem=1024M console=com1 com1=115200 loglvl=warning")
		fi
	fi
	boot=(env "${env[@]}" python3 -u "$kunit_tree/tools/testing/kunit/kunit.py" exec
		"${kunit_options[@]}" --build_dir "$dir" --raw_output=all --timeout "$guest_timeout"
		"${args[@]}")
}

# kunit_boot LOG QEMU_ARGS [KERNEL_ARG...]: run its suites, the console in LOG.
# What kunit.py says of the suites is not asked for here: kunit_judge lets it read the log.
kunit_boot() {
	local log=$1 boot
	shift
	kunit_command "$@"
	step "$log" timeout -k 10 $((guest_timeout + 30)) "${boot[@]}"
}

# kunit_parse LOG: what kunit.py makes of it, in LOG.xml (JUnit). XML has no place for
# most control characters. Xen's console ends each line twice.
kunit_parse() {
	rm -f "$1.xml"
	tr -d '\000-\010\013-\037' <"$1.log" | sed '/^$/d' |
		kunit_py parse "--junit=$1.xml" >"$1.kunit" 2>&1
	[ -s "$1.xml" ]
}

# named FILE_OR_DIRECTORY...: each .name in their .c files, those of suites among them.
named() {
	grep -rhoE '\.name[[:space:]]*=[[:space:]]*"[a-z0-9_-]+"' --include='*.c' "$@" 2>/dev/null |
		grep -o '"[^"]*"' | tr -d '"' | sort -u
}

# kunit_suites: scripts/suites.list, or for a prefix of the series the suites that it has.
kunit_suites() {
	local copy=$kunit_out/suites.list
	[ "$kunit_tree" != "$tree" ] || { say "$top/scripts/suites.list"; return; }
	named "$kunit_tree"/kernel/dma \
		"$kunit_tree"/drivers/{dma-buf,gpu/drm/tests,gpu/drm/ttm/tests,infiniband/core,sn,virtio} |
		awk 'NR == FNR { known[$1] = 1; next } /^#|^alone / || $1 in known' - "$top/scripts/suites.list" >"$copy" ||
		die "cannot write $copy"
	say "$copy"
}

# kunit_judge STEP LOG STATUS [OPTION...]: into build/results, see kunit_results.py: STEP.tap
# is what counts, STEP.cases is for scripts/report. With some suites only (kunit_some is set),
# none is missed.
kunit_judge() {
	local step=$1 log=$2 status=$3 suites=()
	shift 3
	local left=$results/${step//\//-}
	case ${kunit_some:+some}$variant in nodebug | coverage | fault | xen | cc | some*) ;; *) set -- --dma-debug "$@" ;; esac
	[ -n "${kunit_some:-}" ] ||
		suites=(--suites "$(kunit_suites)" --kernel "$kernel_is")
	kunit_parse "$logs/$log"
	"$top/scripts/kunit_results.py" --step "$step" --tap "$left.tap" --cases "$left.cases" \
		"${suites[@]}" --junit "$logs/$log.xml" --status "$status" "$@" "$logs/$log.log"
}

# guest_initramfs: guest-init and busybox; its name in $initramfs.
guest_initramfs() {
	local busybox root=$build/initramfs.tmp lib
	busybox=$(command -v busybox) || die "no busybox"
	initramfs=$build/initramfs.cpio
	rm -rf "$root"
	mkdir -p "$root/bin" && cp "$busybox" "$root/bin/busybox" &&
		ln -s busybox "$root/bin/sh" &&
		cp "$top/scripts/guest-init" "$root/init" && chmod 755 "$root/init" ||
		die "cannot write $root"
	# A busybox that is not static brings its libraries.
	ldd "$busybox" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")" && cp -L "$lib" "$root$lib"
	done
	(cd "$root" && find . | sort | cpio --quiet -o -H newc -R 0:0) >"$initramfs" ||
		die "cannot write $initramfs"
	rm -rf "$root"
}
