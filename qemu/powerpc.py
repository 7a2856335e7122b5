# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: pseries, little endian (the stock one is big)."""
# nohz=off: an idle guest with low-resolution timers and NO_HZ ends in an endless run of
# timer interrupts under TCG (seen with power8 and power9, with and without -icount).
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="powerpc", qemu_arch="ppc64",
    kconfig="CONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y\nCONFIG_HVC_CONSOLE=y",
    kernel_path="vmlinux",
    kernel_command_line="console=hvc0 nohz=off",
    extra_qemu_params=["-machine", "pseries", "-cpu", "power8"])
