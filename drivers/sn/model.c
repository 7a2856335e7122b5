// SPDX-License-Identifier: GPL-2.0
/*
 * The bridges as a device behind them sees them, see model.h.
 */
#include <linux/io.h>
#include "model.h"

#define TIME_REG_READ	1000
#define TIME_REG_WRITE	100
#define TIME_FETCH	200	/* an entry, from memory */
#define TIME_POST	10
#define TIME_LAND	300	/* if a write with the barrier waits for it */

/* Make @m a bridge with these parameters. Its registers keep their values. */
void sn_model_reset(struct sn_model *m, const struct sn_bridge_params *params,
		    const struct sn_slot *slot)
{
	m->params = *params;
	m->port = slot->port;
	spin_lock_init(&m->lock);
	m->nr_writes = 0;
	m->nr_posted = 0;
	m->forgets = false;
	memset(m->fetched, 0, sizeof(m->fetched));
}

void sn_model_land(struct sn_posted *write)
{
	*(u64 *)phys_to_virt(write->phys) = write->value;
}

/* All delayed writes land, the last one first. */
void sn_model_drain(struct sn_model *m)
{
	while (m->nr_posted)
		sn_model_land(&m->posted[--m->nr_posted]);
}

/* Posted register writes take effect. */
static void land_writes(struct sn_model *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_writes; i++) {
		u64 *reg = &m->regs[m->writes[i].offset / 8];
		u64 value = m->writes[i].value;

		/* A TLB flush is ignored while entries are fetched coherently. */
		if (m->params.chip == SN_TIOCA && m->writes[i].offset == 0x10 &&
		    value & 0x1000000000 && (*reg >> 32 & 3) != 2)
			m->forgets = true;
		*reg = value;
	}
	m->nr_writes = 0;
}

static u64 model_read(void *regs, unsigned int offset)
{
	struct sn_model *m = regs;

	if (WARN_ON(offset >= SN_MODEL_REGS || offset % 8))
		return 0;
	guard(spinlock_irqsave)(&m->lock);
	m->time += TIME_REG_READ;
	land_writes(m);
	if (offset == 0x10 && m->forgets) {
		memset(m->fetched, 0, sizeof(m->fetched));
		m->forgets = false;
	}
	if (offset == 0x50 && m->lossy && !--m->lossy)
		return 1;
	return m->regs[offset / 8];
}

static void model_write(void *regs, unsigned int offset, u64 value)
{
	struct sn_model *m = regs;

	if (WARN_ON(offset >= SN_MODEL_REGS || offset % 8))
		return;
	guard(spinlock_irqsave)(&m->lock);
	m->time += TIME_REG_WRITE;
	if (m->nr_writes == SN_MODEL_WRITES)
		land_writes(m);
	m->writes[m->nr_writes].offset = offset;
	m->writes[m->nr_writes++].value = value;
}

const struct sn_regs_ops sn_model_ops = {
	.read	= model_read,
	.write	= model_write,
};

static bool decode_pcibr(struct sn_model *m, u64 bus, struct sn_decoded *d)
{
	unsigned int shift = m->regs[0x20 / 8] & 0x200000 ? 14 : 12;
	u64 entry;

	if (bus >> 60) {
		if (bus >> 60 != (m->params.chip == SN_PIC ? 8 : 1))
			return false;
		d->to = bus & 0x3fffffffffffff;
		d->barrier = bus & 0x0100000000000000;
		d->prefetch = bus & 0x0800000000000000;
		d->direct = true;
		return true;
	}
	if (bus >= 0x80000000 && bus <= 0xffffffff && !m->params.pcix) {
		d->to = m->params.window + (bus - 0x80000000);
		d->direct = true;
		return true;
	}
	if (bus < 0x40000000 || bus > 0x7fffffff)
		return false;
	bus &= 0x1fffffff;
	if (bus >> shift >= 1024)
		return false;
	entry = m->regs[(0x10000 >> 3) + (bus >> shift)];
	if (!(entry & 1) || (m->params.chip == SN_PIC && (entry >> 8 & 15) != 8))
		return false;
	d->to = (entry & 0xfffffffff000) + (bus & (shift == 14 ? 0x3fff : 0xfff));
	d->barrier = entry & 0x10;
	d->prefetch = entry & 8;
	return true;
}

static u64 fetch(struct sn_model *m, u64 *gart, u64 i)
{
	typeof(m->fetched[0]) *old = &m->fetched[i % SN_MODEL_FETCHED];

	if (m->params.revision > 1 || !old->valid || old->index != i) {
		m->time += TIME_FETCH;
		old->valid = true;
		old->index = i;
		old->entry = le64_to_cpu((__force __le64)gart[i]);
	}
	return old->entry;
}

static bool decode_tioca(struct sn_model *m, u64 bus, struct sn_decoded *d)
{
	unsigned int shift = m->regs[0x28 / 8] & 2 ? 14 : 12;
	u64 *gart, entry;

	if (bus >> 60 == 1) {
		d->to = bus & 0x3fffffffffffff;
		d->direct = true;
		return true;
	}
	if (bus > 0xffffffff && bus <= 0xffffffffffff) {
		d->to = (m->regs[0xe8 / 8] >> 20 & 0x3f) << 48 | bus;
		d->direct = true;
		return true;
	}
	if (bus < 0xc0000000 || !(m->regs[0x200 / 8] & 1) ||
	    (m->regs[0x28 / 8] & 4) == 0)
		return false;
	gart = phys_to_virt(m->regs[0x200 / 8] & ~0xfffULL);
	entry = fetch(m, gart, (bus - 0x80000000) >> shift);
	if (!(entry >> 63))
		return false;
	d->to = (entry << 12 & 0x3ffffffffff000) + (bus & (shift == 14 ? 0x3fff : 0xfff));
	return true;
}

/* Decode through an entry of TIOCE for a page of this size. */
static bool tioce_entry(u64 entry, u64 bus, u64 page, struct sn_decoded *d)
{
	/* Invalid, for an interrupt, or with bits below the page address. */
	if (!(entry >> 63) || entry & (0x7fc0000000000000 | (page - 1)))
		return false;
	d->to = (entry & 0x3fffffffffffff) + (bus & (page - 1));
	return true;
}

static bool decode_tioce(struct sn_model *m, u64 bus, struct sn_decoded *d)
{
	static const u64 pages[] = { 0x1000, 0x4000, 0x10000, 0x20000, 0x40000 };
	u64 map = m->regs[0xb070 / 8], page, i;

	if (bus >> 63) {
		/* Bit 61 is for interrupts, bits 60:54 must be 0. */
		if (bus & 0x3fc0000000000000)
			return false;
		d->to = bus & 0x3fffffffffffff;
		d->barrier = bus >> 62 & 1;
		d->direct = true;
		return true;
	}
	if (bus <= 0xffffffff && bus >= 0x80000000) {
		d->to = (m->regs[m->port ? 0xb080 / 8 : 0xb078 / 8] &
			 0x3fffffc0000000) | (bus & 0x3fffffff);
		d->barrier = bus & 0x40000000;
		d->direct = true;
		return true;
	}
	if (bus <= 0x7fffffff) {
		if (!(map & 1) || (map >> 4 & 7) >= ARRAY_SIZE(pages))
			return false;
		page = pages[map >> 4 & 7];
		d->barrier = bus & 0x40000000;
		i = (bus & 0x3fffffff) / page;
		/* Entries 0 to 63 are for pages of 16 GiB. */
		if (i < 64 || i >= 2048)
			return false;
		return tioce_entry(m->regs[0x38000 / 8 + i], bus, page, d);
	}
	if (bus >= 0x4000000000 && bus <= 0x7fffffffff) {
		if (!(map & 2))
			return false;
		i = (bus - 0x4000000000) / 0x4000000;
		return tioce_entry(m->regs[0x30000 / 8 + i], bus, 0x4000000, d);
	}
	if (bus >= 0x8000000000 && bus <= 0xffffffffff) {
		if (!(map & 1))
			return false;
		i = (bus - 0x8000000000) / 0x400000000 + (m->port ? 32 : 0);
		return tioce_entry(m->regs[0x38000 / 8 + i], bus, 0x400000000,
				   d);
	}
	return false;
}

bool sn_model_decode(struct sn_model *m, u64 bus, struct sn_decoded *d)
{
	int i;

	memset(d, 0, sizeof(*d));
	for (i = 0; m->params.chip == SN_TIOCE && i < SN_TIOCE_WINDOWS; i++)
		if (m->params.down[i].end && bus >= m->params.down[i].start &&
		    bus <= m->params.down[i].end)
			return false;
	guard(spinlock_irqsave)(&m->lock);
	switch (m->params.chip) {
	case SN_TIOCA:
		return decode_tioca(m, bus, d);
	case SN_TIOCE:
		return decode_tioce(m, bus, d);
	default:
		return decode_pcibr(m, bus, d);
	}
}

/* The device writes; false if the bridge does not decode the address. */
bool sn_model_post(struct sn_model *m, u64 bus, u64 value)
{
	struct sn_decoded d;

	if (!sn_model_decode(m, bus, &d) || m->nr_posted == SN_MODEL_POSTED)
		return false;
	m->time += TIME_POST;
	if (d.barrier) {
		m->time += m->nr_posted * TIME_LAND;
		sn_model_drain(m);
	}
	m->posted[m->nr_posted++] = (struct sn_posted){ d.to, value };
	return true;
}

/* Number of valid entries. */
long sn_model_used(struct sn_model *m)
{
	bool tioce = m->params.chip == SN_TIOCE;
	u64 *gart, valid = tioce ? 1ULL << 63 : 1;
	unsigned int i, shift, end = tioce ? 0x3c000 : 0x12000;
	long used = 0;

	if (m->params.chip == SN_TIOCA) {
		gart = phys_to_virt(m->regs[0x200 / 8] & ~0xfffULL);
		shift = m->regs[0x28 / 8] & 2 ? 14 : 12;
		for (i = 0x40000000 >> shift; i < 0x80000000 >> shift; i++)
			used += !!gart[i];
		return used;
	}
	for (i = tioce ? 0x30000 : 0x10000; i < end; i += 8)
		used += !!(m->regs[i / 8] & valid);
	return used;
}
