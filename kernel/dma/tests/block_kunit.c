// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of made-up lists, compared with what a table of all addresses says.
 *
 * A list is made of units of 2^shift bytes, so that one table does for lists of a few
 * bytes and of many GiB.  All addresses and lengths are multiples of the unit.
 */
#include <kunit/test.h>
#include <linux/dma-block.h>
#include <linux/log2.h>
#include <linux/prandom.h>

#define UNITS	128	/* at most, of all segments */
#define ROUNDS	4000

struct block_test {
	struct sg_table sgt;
	dma_addr_t dma[UNITS];	/* of each unit */
	unsigned int units, shift;
	/* The range, in units. */
	unsigned int skip, length;
	u64 start;		/* in bytes */
	unsigned long sizes;
	struct rnd_state rnd;
	unsigned int round;
};

static void free_table_action(void *sgt)
{
	sg_free_table(sgt);
}

/* One table for all lists of a case: @nents changes. */
static struct block_test *block_test(struct kunit *test)
{
	struct block_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(&t->sgt, UNITS + 1, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_table_action,
						  &t->sgt));
	t->sgt.nents = 0;
	return t;
}

/* The segment is the last one: an entry that the list no longer has follows. */
static void set_segment(struct block_test *t, struct scatterlist *sg,
			dma_addr_t addr, unsigned int units)
{
	unsigned int i;

	sg_dma_address(sg) = addr;
	sg_dma_len(sg) = units << t->shift;
	for (i = 0; i < units; i++)
		t->dma[t->units++] = addr + ((dma_addr_t)i << t->shift);
	sg = sg_next(sg);
	sg_dma_address(sg) = addr + ((dma_addr_t)units << t->shift);
	sg_dma_len(sg) = 1U << t->shift;
	t->sgt.nents++;
}

static unsigned int random(struct block_test *t, unsigned int ceil)
{
	return prandom_u32_state(&t->rnd) % ceil;
}

/* A unit number; most addresses of a list are equal in the low bits. */
static u64 random_place(struct block_test *t)
{
	return (u64)prandom_u32_state(&t->rnd) >> random(t, 32);
}

static dma_addr_t to_dma(struct block_test *t, u64 units)
{
	/* A list does not end beyond the last address. */
	return (units << t->shift) & (U64_MAX >> 3);
}

static void random_list(struct block_test *t, unsigned int round)
{
	unsigned int units, align, rough, left;
	struct scatterlist *sg = t->sgt.sgl;
	u64 place, offset;

	prandom_seed_state(&t->rnd, round);
	t->round = round;
	t->units = 0;
	t->sgt.nents = 0;
	/* sg_dma_len() is an unsigned int. */
	t->shift = random(t, 3) ? random(t, 13) : random(t, 26);
	align = random(t, 7);
	rough = random(t, 5) ? 0 : 1 + random(t, 8);
	place = random_place(t);
	t->start = random(t, 3) ? place : random_place(t);
	t->start = (t->start >> align << align) | (place & ((1 << align) - 1));
	offset = place;
	left = 1 + random(t, UNITS);
	do {
		units = 1 + random(t, min(left, 40U));
		/* Usually, a segment ends at a multiple of the alignment. */
		if (!rough || random(t, rough))
			units = ALIGN(offset + units, 1 << align) - offset;
		units = min(units, left);
		set_segment(t, sg, to_dma(t, place), units);
		sg = sg_next(sg);
		left -= units;
		offset += units;
		place += units;
		if (random(t, 3))
			place = (random_place(t) >> align << align) |
				(offset & ((1 << align) - 1));
		if (rough && !random(t, rough))
			place++;
	} while (left);
	t->skip = random(t, 2) ? 0 : random(t, t->units);
	t->length = random(t, 2) ? t->units - t->skip :
				   1 + random(t, t->units - t->skip);
	t->start = (t->start + t->skip) << t->shift;
	t->sizes = prandom_u32_state(&t->rnd);
	if (BITS_PER_LONG > 32)
		t->sizes |= (u64)prandom_u32_state(&t->rnd) << 32;
	t->sizes = (random(t, 2) ? t->sizes : ~0UL) << random(t, 16);
}

static u64 length(struct block_test *t)
{
	return (u64)t->length << t->shift;
}

static u64 last(struct block_test *t)
{
	return t->start + length(t) - 1;
}

/* The DMA address of the byte that the device has at @addr. */
static dma_addr_t dma_of(struct block_test *t, u64 addr)
{
	u64 pos = addr - t->start;

	return t->dma[t->skip + (pos >> t->shift)] +
	       (pos & ((1ULL << t->shift) - 1));
}

/* What a page table with blocks of 2^@bit bytes says is true of every unit. */
static bool is_usable(struct block_test *t, unsigned int bit)
{
	u64 low = (1ULL << bit) - 1, base = 0, addr;
	unsigned int i;

	for (i = 0; i < t->length; i++) {
		addr = t->start + ((u64)i << t->shift);
		if (!i || addr >> bit != (addr - 1) >> bit)
			base = (u64)dma_of(t, addr) & ~low;
		if (dma_of(t, addr) != base + (addr & low))
			return false;
	}
	return true;
}

static u64 nr_blocks(struct block_test *t, unsigned int bit)
{
	return (last(t) >> bit) - (t->start >> bit) + 1;
}

static unsigned long best(struct block_test *t)
{
	unsigned long size = 0;
	unsigned int bit;

	for (bit = 0; bit < BITS_PER_LONG; bit++) {
		if (!(t->sizes & BIT(bit)))
			continue;
		if (is_usable(t, bit))
			size = BIT(bit);
		if (nr_blocks(t, bit) == 1)
			break;
	}
	return size;
}

static unsigned long best_block(struct block_test *t)
{
	return dma_sgtable_best_block(&t->sgt, t->sizes,
				      (u64)t->skip << t->shift, length(t),
				      t->start);
}

static void the_best_size_is_the_largest_usable_one(struct kunit *test)
{
	unsigned int round, none = 0, one = 0, more = 0;
	struct block_test *t = block_test(test);
	unsigned long size;

	for (round = 0; round < ROUNDS; round++) {
		random_list(t, round);
		size = best(t);
		KUNIT_ASSERT_EQ_MSG(test, size, best_block(t), "round %u",
				    round);
		if (!size)
			none++;
		else if (nr_blocks(t, ilog2(size)) == 1)
			one++;
		else if (size > 1UL << t->shift)
			more++;
	}
	/* The lists are of all kinds. */
	KUNIT_EXPECT_GT(test, none, ROUNDS / 50);
	KUNIT_EXPECT_GT(test, one, ROUNDS / 50);
	KUNIT_EXPECT_GT(test, more, ROUNDS / 50);
}

/* Blocks of the range, in their order, and not one more. */
static void expect_blocks(struct kunit *test, struct block_test *t,
			  unsigned int bit, size_t limit, u64 want)
{
	u64 addr, nr = 0;
	struct dma_block_iter iter;

	for_each_dma_block(t->sgt.sgl, t->sgt.nents, &iter, BIT(bit),
			   (u64)t->skip << t->shift, limit) {
		addr = max(t->start, ((t->start >> bit) + nr) << bit);
		KUNIT_ASSERT_LT_MSG(test, nr, want, "round %u, 2^%u", t->round,
				    bit);
		KUNIT_ASSERT_EQ_MSG(test, (u64)iter.addr,
				    (u64)dma_of(t, addr) >> bit << bit,
				    "round %u, 2^%u, block %llu", t->round, bit,
				    nr);
		nr++;
	}
	KUNIT_ASSERT_EQ_MSG(test, nr, want, "round %u, 2^%u", t->round, bit);
	KUNIT_ASSERT_FALSE_MSG(test, dma_block_next(&iter), "round %u, 2^%u",
			       t->round, bit);
}

/* The best size, and two that are smaller. */
static void the_blocks_cover_the_range(struct kunit *test)
{
	struct block_test *t = block_test(test);
	unsigned int round, bit, length, nr, tried = 0;
	unsigned long size;

	for (round = 0; round < ROUNDS; round++) {
		random_list(t, round);
		size = best_block(t);
		if (!size)
			continue;
		for (bit = ilog2(size) + 1; bit--;) {
			if (nr_blocks(t, bit) > 4 * UNITS ||
			    bit + 3 == ilog2(size))
				break;
			nr = nr_blocks(t, bit);
			expect_blocks(test, t, bit, nr, nr);
			nr = random(t, nr);
			expect_blocks(test, t, bit, nr, nr);
			tried++;
			/* To the end of the list. */
			length = t->length;
			t->length = t->units - t->skip;
			if (is_usable(t, bit))
				expect_blocks(test, t, bit, SIZE_MAX,
					      nr_blocks(t, bit));
			t->length = length;
		}
	}
	KUNIT_EXPECT_GT(test, tried, ROUNDS / 2);
}

/* Of 4 KiB each. */
static struct block_test *two_halves(struct kunit *test, dma_addr_t first,
				     dma_addr_t second)
{
	struct block_test *t = block_test(test);

	t->shift = 12;
	set_segment(t, t->sgt.sgl, first, 1);
	set_segment(t, sg_next(t->sgt.sgl), second, 1);
	return t;
}

static unsigned long best_of_all(struct block_test *t, u64 skip, u64 length,
				 u64 start)
{
	return dma_sgtable_best_block(&t->sgt, ~0UL, skip, length, start);
}

static void the_smallest_single_block_is_best(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_1M, SZ_1M + SZ_4K);

	KUNIT_EXPECT_EQ(test, SZ_8K, best_of_all(t, 0, SZ_8K, SZ_1M));
	KUNIT_EXPECT_EQ(test, SZ_8K, best_of_all(t, 0, SZ_4K + 1, SZ_1M));
	KUNIT_EXPECT_EQ(test, SZ_4K, best_of_all(t, 0, SZ_4K, SZ_1M));
	KUNIT_EXPECT_EQ(test, 1, best_of_all(t, 0, 1, SZ_1M));
	KUNIT_EXPECT_EQ(test, SZ_64K,
			dma_sgtable_best_block(&t->sgt,
					       SZ_2K | SZ_64K | SZ_256K, 0,
					       SZ_8K, SZ_1M));
}

static void the_largest_of_several_blocks_is_best(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_512K - SZ_4K, SZ_512K);

	KUNIT_EXPECT_EQ(test, SZ_512K,
			dma_sgtable_best_block(&t->sgt, SZ_2K | SZ_512K, 0,
					       SZ_8K, SZ_2M - SZ_4K));
	/* Both have it around a multiple of 512 KiB, the device of 2 MiB. */
	KUNIT_EXPECT_EQ(test, SZ_512K,
			best_of_all(t, 0, SZ_8K, SZ_2M - SZ_4K));
}

static void a_jump_is_between_blocks(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_1M, SZ_2M + SZ_4K);

	KUNIT_EXPECT_EQ(test, SZ_4K, best_of_all(t, 0, SZ_8K, SZ_1M));
	/* Not in the range. */
	KUNIT_EXPECT_EQ(test, SZ_8K,
			dma_sgtable_best_block(&t->sgt, SZ_8K, 0, SZ_4K, SZ_1M));
	KUNIT_EXPECT_EQ(test, SZ_8K,
			dma_sgtable_best_block(&t->sgt, SZ_8K, SZ_4K, SZ_4K,
					       SZ_1M + SZ_4K));
}

static void offsets_in_a_block_are_equal(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_1M, SZ_1M + SZ_4K);

	KUNIT_EXPECT_EQ(test, 8, best_of_all(t, 0, SZ_8K, 8));
	KUNIT_EXPECT_EQ(test, SZ_8K, best_of_all(t, 8, SZ_4K, 8));
	KUNIT_EXPECT_EQ(test, 0,
			dma_sgtable_best_block(&t->sgt, SZ_4K, 0, SZ_8K, 8));
}

static void a_range_without_a_block_has_no_size(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_1M, SZ_1M + SZ_4K);

	KUNIT_EXPECT_EQ(test, 0, best_of_all(t, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, best_of_all(t, 0, SZ_8K, -SZ_4K));
	KUNIT_EXPECT_EQ(test, SZ_4K, best_of_all(t, 0, SZ_4K, -(u64)SZ_4K));
	KUNIT_EXPECT_EQ(test, 0,
			dma_sgtable_best_block(&t->sgt, 0, 0, SZ_8K, SZ_1M));
}

/* An IOMMU merges entries: those that are left over have no addresses. */
static void the_iteration_ends_with_the_list(struct kunit *test)
{
	struct block_test *t = two_halves(test, SZ_1M, SZ_2M);
	struct dma_block_iter iter;

	dma_block_start(&iter, t->sgt.sgl, t->sgt.nents, SZ_4K, SZ_4K, SIZE_MAX);
	KUNIT_EXPECT_TRUE(test, dma_block_next(&iter));
	KUNIT_EXPECT_EQ(test, SZ_2M, iter.addr);
	KUNIT_EXPECT_FALSE(test, dma_block_next(&iter));
	KUNIT_EXPECT_EQ(test, SZ_2M, iter.addr);
	dma_block_start(&iter, t->sgt.sgl, t->sgt.nents, SZ_4K, SZ_8K, SIZE_MAX);
	KUNIT_EXPECT_FALSE(test, dma_block_next(&iter));
	dma_block_start(&iter, t->sgt.sgl, 0, SZ_4K, 0, SIZE_MAX);
	KUNIT_EXPECT_FALSE(test, dma_block_next(&iter));
}

/* 2 GiB, 2 GiB that follow them, and 2 GiB elsewhere. */
static void lists_may_be_longer_than_4_gib(struct kunit *test)
{
	struct block_test *t = block_test(test);
	struct scatterlist *sg = t->sgt.sgl;
	struct dma_block_iter iter;

	if (sizeof(dma_addr_t) < 8)
		kunit_skip(test, "expected skip: needs DMA addresses of 64 bits");
	t->shift = 29;
	set_segment(t, sg, to_dma(t, 33), 4);
	sg = sg_next(sg);
	set_segment(t, sg, to_dma(t, 37), 4);
	sg = sg_next(sg);
	set_segment(t, sg, to_dma(t, 81), 4);
	KUNIT_EXPECT_EQ(test, SZ_512M,
			dma_sgtable_best_block(&t->sgt, SZ_512M | SZ_1G, 0,
					       12ULL << 29, 33ULL << 29));
	dma_block_start(&iter, t->sgt.sgl, t->sgt.nents, SZ_512M, 7ULL << 29, 2);
	KUNIT_EXPECT_TRUE(test, dma_block_next(&iter));
	KUNIT_EXPECT_EQ(test, 40ULL << 29, iter.addr);
	KUNIT_EXPECT_TRUE(test, dma_block_next(&iter));
	KUNIT_EXPECT_EQ(test, 81ULL << 29, iter.addr);
	KUNIT_EXPECT_FALSE(test, dma_block_next(&iter));
	dma_block_start(&iter, t->sgt.sgl, t->sgt.nents, SZ_512M, 9ULL << 29, 1);
	KUNIT_EXPECT_TRUE(test, dma_block_next(&iter));
	KUNIT_EXPECT_EQ(test, 82ULL << 29, iter.addr);
}

static struct kunit_case block_test_cases[] = {
	KUNIT_CASE(the_best_size_is_the_largest_usable_one),
	KUNIT_CASE(the_blocks_cover_the_range),
	KUNIT_CASE(the_smallest_single_block_is_best),
	KUNIT_CASE(the_largest_of_several_blocks_is_best),
	KUNIT_CASE(a_jump_is_between_blocks),
	KUNIT_CASE(offsets_in_a_block_are_equal),
	KUNIT_CASE(a_range_without_a_block_has_no_size),
	KUNIT_CASE(the_iteration_ends_with_the_list),
	KUNIT_CASE(lists_may_be_longer_than_4_gib),
	{}
};

static struct kunit_suite block_test_suite = {
	.name = "dma_block",
	.test_cases = block_test_cases,
};

kunit_test_suite(block_test_suite);

MODULE_DESCRIPTION("KUnit tests of mapped lists as blocks");
MODULE_LICENSE("GPL");
