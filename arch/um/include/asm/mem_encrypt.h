/* SPDX-License-Identifier: GPL-2.0 */
/* The made-up confidential guest of KUnit suites, see kernel/dma/tests/cc_platform.c. */
#ifndef __UM_MEM_ENCRYPT_H
#define __UM_MEM_ENCRYPT_H

#include <linux/bits.h>

/* Shared memory has this bit in its bus address, as in a realm of Arm's CCA. */
#define CC_DMA_SHARED		BIT_ULL(40)
#define dma_addr_unencrypted(x)	((x) | CC_DMA_SHARED)
#define dma_addr_canonical(x)	((x) & ~CC_DMA_SHARED)

int set_memory_encrypted(unsigned long addr, int numpages);
int set_memory_decrypted(unsigned long addr, int numpages);

#endif /* __UM_MEM_ENCRYPT_H */
