# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: sun4u, with the IOMMU of its sabre host bridge."""
# OpenBIOS cannot boot again, so power off; behind `--` stands what kunit.py adds. The base's
# udmabuf sets the mask of a device without an IOMMU, and dma_4u_supported() stops at it.
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="sparc", qemu_arch="sparc64",
    kconfig="CONFIG_64BIT=y\nCONFIG_SPARC64=y",
    kernel_path="arch/sparc/boot/image",
    kernel_command_line="console=ttyS0 initcall_blacklist=udmabuf_dev_init kunit_shutdown=poweroff --",
    extra_qemu_params=["-machine", "sun4u", "-m", "512"])
