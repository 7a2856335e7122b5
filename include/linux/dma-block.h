/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mapped lists as blocks of one size, for devices that have page tables of their own.
 * See kernel/dma/block.c.
 */
#ifndef _LINUX_DMA_BLOCK_H
#define _LINUX_DMA_BLOCK_H

#include <linux/scatterlist.h>

/**
 * struct dma_block_iter - a place in a mapped list
 * @addr: DMA address of the current block, a multiple of the block size
 */
struct dma_block_iter {
	dma_addr_t addr;
	/* private: */
	struct scatterlist *sg;	/* has the first byte of the next block, or NULL */
	unsigned int nents;	/* DMA segments left, @sg is one of them */
	unsigned int advance;	/* bytes of @sg before the next block */
	unsigned long size;	/* of a block */
	size_t blocks;		/* left */
};

unsigned long dma_sgtable_best_block(const struct sg_table *sgt,
				     unsigned long sizes, u64 skip, u64 length,
				     u64 start);
struct dma_block_iter *dma_block_start(struct dma_block_iter *iter,
				       struct scatterlist *sgl,
				       unsigned int nents, unsigned long size,
				       u64 skip, size_t blocks);
bool dma_block_next(struct dma_block_iter *iter);

/**
 * for_each_dma_block - iterate over the blocks of a mapped list
 * @sgl: the list, which is mapped
 * @nents: DMA segments of the list
 * @iter: pointer to a struct dma_block_iter, whose @addr is that of the block
 * @size: bytes of a block, see dma_block_start()
 * @skip: bytes of the list before the first byte that is wanted
 * @blocks: how many blocks at most, %SIZE_MAX for all
 */
#define for_each_dma_block(sgl, nents, iter, size, skip, blocks)	\
	for (struct dma_block_iter *__dma_block =			\
		dma_block_start(iter, sgl, nents, size, skip, blocks);	\
	     dma_block_next(__dma_block);)

#endif /* _LINUX_DMA_BLOCK_H */
