// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks: a mapped list for the page table of a device.
 *
 * A device with a page table of its own sees a list as a range of its own addresses.
 * The range is cut into blocks of one size, a power of two, at the multiples of the
 * size.  The table has the DMA address of each block, which is a multiple of the size,
 * too.  So a block of the size is usable for a list if
 *
 *  - a byte has the same offset in its block in both kinds of addresses, and
 *  - DMA addresses jump only between two blocks.
 *
 * The first and the last block may reach beyond the range: their DMA addresses are
 * those of whole blocks.  A size that is usable makes all smaller ones usable.
 */
#include <linux/bitops.h>
#include <linux/dma-block.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/overflow.h>

/**
 * dma_sgtable_best_block - the best block size for a mapped list
 * @sgt: the list, which is mapped, of @skip + @length bytes or more
 * @sizes: the sizes that the device has: bit n stands for blocks of 2^n bytes
 * @skip: bytes of the list before the range
 * @length: bytes of the range
 * @start: address that the device has for the first byte of the range
 *
 * The best size is the largest usable one, but none that is larger than the smallest
 * of @sizes with which the range is one block.
 *
 * Context: Any.
 * Return: bytes of a block, a bit of @sizes; or 0 if none of @sizes is usable, @length
 *	is 0, or the range ends above %U64_MAX.
 */
unsigned long dma_sgtable_best_block(const struct sg_table *sgt,
				     unsigned long sizes, u64 skip, u64 length,
				     u64 start)
{
	u64 last, len, pos = 0, mask = 0;
	dma_addr_t addr, end = 0;
	struct scatterlist *sg;
	unsigned int i, bits;

	if (!length || check_add_overflow(start, length - 1, &last))
		return 0;
	bits = fls64(start ^ last);
	if (bits < BITS_PER_LONG)
		mask = sizes & GENMASK(BITS_PER_LONG - 1, bits);

	/* The lowest bit of @mask is the largest size that may be used. */
	for_each_sgtable_dma_sg(sgt, sg, i) {
		len = sg_dma_len(sg);
		if (skip >= len) {
			skip -= len;
			continue;
		}
		if (pos >= length)
			break;
		addr = sg_dma_address(sg) + skip;
		if (!pos)
			mask |= addr ^ start;
		else if (addr != end)
			mask |= addr | (start + pos);
		pos += len - skip;
		end = addr + (len - skip);
		skip = 0;
	}
	if (mask)
		sizes &= GENMASK_ULL(__ffs64(mask), 0);
	return sizes ? rounddown_pow_of_two(sizes) : 0;
}
EXPORT_SYMBOL(dma_sgtable_best_block);

static void dma_block_advance(struct dma_block_iter *iter, u64 bytes)
{
	bytes += iter->advance;
	while (iter->sg && bytes >= sg_dma_len(iter->sg)) {
		bytes -= sg_dma_len(iter->sg);
		iter->sg = --iter->nents ? sg_next(iter->sg) : NULL;
	}
	iter->advance = bytes;
}

/**
 * dma_block_start - begin to iterate over the blocks of a mapped list
 * @iter: the iterator
 * @sgl: the list, which is mapped
 * @nents: DMA segments of the list
 * @size: bytes of a block: a power of two that dma_sgtable_best_block() returned, or
 *	a smaller one
 * @skip: bytes of the list before the first byte that is wanted
 * @blocks: how many blocks at most, %SIZE_MAX for all
 *
 * The first block is the one with byte @skip.  Nothing checks that @size is usable: a
 * jump of DMA addresses within a block is not seen.
 *
 * Context: Any.
 * Return: @iter, for dma_block_next().
 */
struct dma_block_iter *dma_block_start(struct dma_block_iter *iter,
				       struct scatterlist *sgl,
				       unsigned int nents, unsigned long size,
				       u64 skip, size_t blocks)
{
	*iter = (struct dma_block_iter) {
		.sg = nents ? sgl : NULL,
		.nents = nents,
		.size = size,
		.blocks = blocks,
	};
	dma_block_advance(iter, skip);
	return iter;
}
EXPORT_SYMBOL(dma_block_start);

/**
 * dma_block_next - go to the next block of a mapped list
 * @iter: the iterator, from dma_block_start()
 *
 * Context: Any.
 * Return: whether there is one; @iter->addr is its DMA address then, and otherwise
 *	that of the last one.
 */
bool dma_block_next(struct dma_block_iter *iter)
{
	unsigned long offset;
	dma_addr_t addr;

	if (!iter->sg || !iter->blocks)
		return false;
	iter->blocks--;
	addr = sg_dma_address(iter->sg) + iter->advance;
	offset = addr & (iter->size - 1);
	iter->addr = addr - offset;
	dma_block_advance(iter, iter->size - offset);
	return true;
}
EXPORT_SYMBOL(dma_block_next);
