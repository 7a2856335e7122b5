# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: arm virt, 32 bit."""
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="arm", qemu_arch="arm",
    kconfig="CONFIG_SERIAL_AMBA_PL011=y\nCONFIG_SERIAL_AMBA_PL011_CONSOLE=y",
    kernel_path="arch/arm/boot/zImage",
    kernel_command_line="console=ttyAMA0",
    extra_qemu_params=["-machine", "virt", "-cpu", "cortex-a15"])
