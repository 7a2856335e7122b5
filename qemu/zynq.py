# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: a Zynq board, 32-bit arm. Its console is the second UART."""
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="arm", qemu_arch="arm",
    kconfig="CONFIG_SERIAL_XILINX_PS_UART=y\nCONFIG_SERIAL_XILINX_PS_UART_CONSOLE=y",
    kernel_path="arch/arm/boot/zImage",
    kernel_command_line="console=ttyPS0",
    extra_qemu_params=["-serial", "stdio", "-machine", "xilinx-zynq-a9"],
    serial="null")
