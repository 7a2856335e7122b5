# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: q35 with the edu device."""
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="x86_64", qemu_arch="x86_64",
    kconfig="CONFIG_SERIAL_8250=y\nCONFIG_SERIAL_8250_CONSOLE=y",
    kernel_path="arch/x86/boot/bzImage",
    kernel_command_line="console=ttyS0",
    extra_qemu_params=["-machine", "q35"])
