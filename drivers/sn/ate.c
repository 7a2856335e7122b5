// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of address translation entries: which entries are in use.
 *
 * A mapping takes consecutive entries, first fit, aligned to the next power of two
 * of their number. So coherent memory has the same alignment on the bus as it has
 * in memory, and a buffer that does not cross a segment boundary in memory does
 * not cross it on the bus either. That holds up to the alignment of the table:
 * 1 GiB, or 16 MiB for the 32-bit table of TIOCE.
 *
 * The format of an entry is the chip's business. The chip code writes an entry
 * after sn_table_get() and clears it before sn_table_put(), so a free entry never
 * translates.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include "sn.h"

static unsigned long sn_table_find(const struct sn_table *table,
				   unsigned int nr)
{
	return bitmap_find_next_zero_area(table->used, table->count, 0, nr,
					  roundup_pow_of_two(nr) - 1);
}

/**
 * sn_table_init - set up a table, all entries of which are free
 * @table: the table
 * @first: index of the first entry to use
 * @count: number of entries to use
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
	table->longest = count;
	table->shift = shift;
	table->base = base;
	return 0;
}

/**
 * sn_table_exit - undo sn_table_init()
 * @table: a table, or zeroed memory
 */
void sn_table_exit(struct sn_table *table)
{
	sn_zfree(table->used);
	table->used = NULL;
}

/**
 * sn_table_get - take the entries for a range
 * @table: the table to take them from
 * @addr: start of the range
 * @size: size of the range in bytes, not 0
 * @entry: set to the index of the first entry
 *
 * Context: Any.
 * Return: the number of entries taken, or 0 if too few are free.
 */
unsigned int sn_table_get(struct sn_table *table, u64 addr, size_t size,
			  unsigned int *entry)
{
	u64 nr = sn_table_span(table, addr, size);
	unsigned long at, flags;

	if (nr > table->longest)
		return 0;
	spin_lock_irqsave(&table->lock, flags);
	at = sn_table_find(table, nr);
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
 * @table: the table that they are from
 * @entry: the first of them; the caller has cleared all of them in the chip
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
 * sn_table_reserve - exclude bus addresses from all mappings
 * @table: the table that maps them, or part of them
 * @start: first bus address
 * @end: last bus address
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
	while (table->longest &&
	       sn_table_find(table, table->longest) >= table->count)
		table->longest--;
}
