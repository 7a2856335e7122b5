/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the bridges, for tests: registers, and what a device gets to through
 * them.
 *
 * It decodes by numbers of its own, and what a chip does not know it takes for an
 * error.  What the CPU writes to a register is posted: nothing sees it before the
 * next read, or the write that makes PIC send an interrupt.  The first revision of
 * TIOCA remembers each entry that it has fetched, that there is none as well.
 *
 * It counts time, in units of its own: an access of a register is what takes long,
 * and a write that has to wait for earlier ones.  The same calls take the same.
 *
 * It keeps what a device writes back and lands it in the worst order, the last
 * write first, unless a write has the barrier: then all earlier ones land before
 * it.
 */
#ifndef _SN_MODEL_H
#define _SN_MODEL_H

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
	u64		time;		/* never set back */
	unsigned int	nr_writes;	/* that are on their way to @regs */
	struct {
		unsigned int	offset;
		u64		value;
	} writes[SN_MODEL_WRITES];
	struct {
		bool	valid;
		u64	index;
		u64	entry;
	} fetched[SN_MODEL_FETCHED];
	bool		forgets;	/* with the next read of the register */
	u64		flush_word;
	bool		deaf;		/* does not answer a force interrupt */
	unsigned int	lossy;		/* which time entries get lost */
	unsigned int	nr_posted;
	struct sn_posted	posted[SN_MODEL_POSTED];
};

/* A bus address: where it leads, or false for an error of the bridge. */
struct sn_decoded {
	u64	to;		/* of the interconnect */
	bool	barrier;
	bool	prefetch;
	bool	direct;
	bool	peer;		/* not of the interconnect: where the CPU sees it */
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
