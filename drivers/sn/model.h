/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the bridges for tests: their registers, and what a device reaches
 * through them.
 *
 * The model has its own constants. It takes a bus address that the chip does not
 * decode for an error. Register writes of the CPU are posted: they take effect at
 * the next read of a register. Revision 1 of TIOCA caches each GART entry that it
 * has fetched, also those that are not valid.
 *
 * The model counts time in units of its own: register accesses are slow, and so is
 * a device write that has to wait for earlier ones. Equal calls take equal time.
 *
 * Writes of the device are delayed, and land in the worst order, the last one first.
 * A write with the barrier makes all earlier ones land before it.
 */
#ifndef _SN_MODEL_H
#define _SN_MODEL_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include "bridge.h"

#define SN_MODEL_POSTED	64
#define SN_MODEL_REGS	0x40000		/* bytes */
#define SN_MODEL_WRITES	32
#define SN_MODEL_FETCHED	8

struct sn_posted {
	u64	phys;
	u64	value;
};

struct sn_model {
	struct sn_bridge_params	params;
	unsigned int	port;
	u64		*regs;
	spinlock_t	lock;		/* protects what follows, for several CPUs */
	u64		time;		/* only grows */
	unsigned int	nr_writes;	/* posted register writes */
	struct {
		unsigned int	offset;
		u64		value;
	} writes[SN_MODEL_WRITES];
	struct {
		bool	valid;
		u64	index;
		u64	entry;
	} fetched[SN_MODEL_FETCHED];
	bool		forgets;	/* clears @fetched at the next read */
	unsigned int	lossy;		/* n: the n-th settle fails; 0: none */
	unsigned int	nr_posted;	/* posted writes of the device */
	struct sn_posted	posted[SN_MODEL_POSTED];
};

/* Where a bus address leads. */
struct sn_decoded {
	u64	to;		/* address of the interconnect */
	bool	barrier;
	bool	prefetch;
	bool	direct;		/* takes no entry */
};

extern const struct sn_regs_ops sn_model_ops;

void sn_model_reset(struct sn_model *m, const struct sn_bridge_params *params,
		    const struct sn_slot *slot);
bool sn_model_decode(struct sn_model *m, u64 bus, struct sn_decoded *d);
bool sn_model_post(struct sn_model *m, u64 bus, u64 value);
void sn_model_land(struct sn_posted *write);
void sn_model_drain(struct sn_model *m);
long sn_model_used(struct sn_model *m);

#endif /* _SN_MODEL_H */
