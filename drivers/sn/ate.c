// SPDX-License-Identifier: GPL-2.0
/*
 * Address translation entries: which of a table are in use.
 *
 * A mapping takes consecutive entries, first fit, aligned to the power of two that
 * they fill: so coherent memory is as aligned on the bus as it is in memory, and
 * what lies between two segment boundaries does so there, up to the alignment of
 * the table: 1 GiB, but 16 MiB where TIOCE has 32 bits.
 *
 * The table knows nothing of what the chip's entries look like; the chip's code
 * writes an entry only while it is taken, and clears it before it is put back, so
 * that an entry which is free never translates.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include "sn.h"

/**
 * sn_table_init - make a table of which no entry is in use
 * @table: to set up
 * @first: lowest entry that may be used
 * @count: how many from there on
 * @shift: log2 of the bytes that an entry maps
 * @base: bus address that entry @first maps
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int sn_table_init(struct sn_table *table, unsigned int first,
		  unsigned int count, unsigned int shift, u64 base)
{
	table->used = sn_zalloc(BITS_TO_LONGS(count) * sizeof(long), GFP_KERNEL);
	if (!table->used)
		return -ENOMEM;
	spin_lock_init(&table->lock);
	table->first = first;
	table->count = count;
	table->shift = shift;
	table->base = base;
	return 0;
}

/**
 * sn_table_exit - undo sn_table_init()
 * @table: a table, or one of zeroes
 */
void sn_table_exit(struct sn_table *table)
{
	sn_zfree(table->used);
	table->used = NULL;
}

/**
 * sn_table_get - take the entries for a range
 * @table: to take them from
 * @addr: where the range begins
 * @size: its bytes, at least one
 * @entry: set to the first of the entries
 *
 * Context: Any.
 * Return: how many entries there are, or 0 if there were not as many.
 */
unsigned int sn_table_get(struct sn_table *table, u64 addr, size_t size,
			  unsigned int *entry)
{
	u64 nr = sn_table_span(table, addr, size);
	unsigned long at, flags;

	if (nr > table->count)
		return 0;
	spin_lock_irqsave(&table->lock, flags);
	at = bitmap_find_next_zero_area(table->used, table->count, 0, nr,
					roundup_pow_of_two(nr) - 1);
	if (at < table->count) {
		bitmap_set(table->used, at, nr);
		*entry = table->first + at;
	} else {
		nr = 0;
	}
	spin_unlock_irqrestore(&table->lock, flags);
	return nr;
}

/**
 * sn_table_put - give entries back
 * @table: that they are from
 * @entry: the first of them; the chip no longer translates any of them
 * @nr: how many
 *
 * Context: Any.
 */
void sn_table_put(struct sn_table *table, unsigned int entry, unsigned int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&table->lock, flags);
	bitmap_clear(table->used, entry - table->first, nr);
	spin_unlock_irqrestore(&table->lock, flags);
}

/**
 * sn_table_reserve - keep entries from being used
 * @table: to keep them in
 * @start: first bus address
 * @end: last bus address; what is outside of @table is left alone
 *
 * Context: Any; before the first sn_table_get().
 */
void sn_table_reserve(struct sn_table *table, u64 start, u64 end)
{
	u64 last = table->base + ((u64)table->count << table->shift) - 1;
	unsigned int from, to;

	start = max(start, table->base);
	end = min(end, last);
	if (start > end)
		return;
	from = (start - table->base) >> table->shift;
	to = (end - table->base) >> table->shift;
	bitmap_set(table->used, from, to - from + 1);
}
