# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: arm64 virt."""
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="arm64", qemu_arch="aarch64",
    kconfig="CONFIG_SERIAL_AMBA_PL011=y\nCONFIG_SERIAL_AMBA_PL011_CONSOLE=y",
    kernel_path="arch/arm64/boot/Image",
    kernel_command_line="console=ttyAMA0",
    extra_qemu_params=["-machine", "virt", "-cpu", "cortex-a57"])
