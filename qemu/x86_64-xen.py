# SPDX-License-Identifier: GPL-2.0
"""kunit.py --qemu_config: dom0 of a Xen hypervisor on q35; scripts/qemu boots that.

With less than 2816 MiB a q35 has all its memory below 4 GiB, where edu reaches it.

dma_resv_lockdep() frees an mm. With lockdep, 7.3 takes what xen_pgd_alloc() has left in
page->private for a lock then (ptlock_free()), and stops."""
from qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch="x86_64", qemu_arch="x86_64",
    kconfig="CONFIG_HYPERVISOR_GUEST=y\nCONFIG_PARAVIRT=y\nCONFIG_XEN=y",
    kernel_path="arch/x86/boot/bzImage",
    kernel_command_line="console=hvc0 earlyprintk=xen initcall_blacklist=dma_resv_lockdep",
    extra_qemu_params=["-machine", "q35", "-m", "2560"])
