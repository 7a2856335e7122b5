// SPDX-License-Identifier: GPL-2.0
/*
 * The bridges as backends of the conformance suite, kernel/dma/tests/conformance/:
 * one descriptor each, with a mask that leads through the entries where there
 * are any.  How the device gets to memory is model.c's business.
 */
#include <kunit/device.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/slab.h>
#include "conformance.h"
#include "model.h"

#define NR_GART		1024

/* What is behind conf_sn[], in its order. */
static const struct {
	enum sn_chip	chip;
	unsigned int	page_shift;
	unsigned int	mask;		/* bits */
} behind_conf[CONF_NR_SN] = {
	{ SN_PIC, 12, 32 },
	{ SN_PIC, 12, 64 },
	{ SN_TIOCP, 14, 32 },
	{ SN_TIOCA, 12, 32 },
	{ SN_TIOCE, 12, 31 },
	{ SN_TIOCE, 12, 64 },
};

struct behind {
	struct sn_model		model;
	struct sn_bridge	*bridge;
};

static const char *nothing(void)
{
	return NULL;
}

static void sn_conf_teardown(struct conf *conf)
{
	struct behind *b = dev_get_drvdata(conf->dev);

	sn_bridge_detach(conf->dev);
	sn_bridge_destroy(b->bridge);
	dev_set_drvdata(conf->dev, NULL);
	conf->dev->dma_mask = NULL;
	conf->dev->dma_parms = NULL;
	kvfree(b->model.regs);
	kfree(b);
}

static int sn_conf_setup(struct kunit *test, struct conf *conf)
{
	const typeof(behind_conf[0]) *sn = &behind_conf[conf->be - conf_sn];
	static const struct sn_slot slot = { .slot = 2 };
	struct behind *b = kzalloc(sizeof(*b), GFP_KERNEL);
	/* RAM as it is here, on node 0; the window is nowhere near. */
	struct sn_bridge_params params = {
		.chip = sn->chip, .regs_ops = &sn_model_ops, .revision = 2,
		.hub = { .nasid_shift = 38, .nasid_mask = 0x7ff },
		.page_shift = sn->page_shift, .target = 8, .window = 1ULL << 37,
		.nr_entries = sn->chip == SN_TIOCA ? NR_GART : 0,
		.port[0] = { .start = SZ_1M, .end = SZ_2M - 1 },
	};
	int ret = -ENOMEM;

	conf->dev = kunit_device_register(test, "dma-conformance");
	if (!b || IS_ERR(conf->dev))
		goto err_free;
	b->model.regs = kvzalloc(SN_MODEL_REGS, GFP_KERNEL);
	if (!b->model.regs)
		goto err_free;
	params.regs = &b->model;
	params.port[0].cpu = conf_resource(conf, false);
	sn_model_reset(&b->model, &params, &slot);
	b->bridge = sn_bridge_create(&params);
	if (IS_ERR(b->bridge)) {
		ret = PTR_ERR(b->bridge);
		goto err_regs;
	}
	ret = sn_bridge_attach(b->bridge, conf->dev, &slot);
	if (ret)
		goto err_bridge;
	dev_set_drvdata(conf->dev, b);
	conf->dev->dma_mask = &conf->mask;
	conf->dev->dma_parms = &conf->limits;
	dma_set_max_seg_size(conf->dev, CONF_MAX_SEGMENT);
	ret = dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(sn->mask));
	if (ret)
		sn_conf_teardown(conf);
	return ret;

err_bridge:
	sn_bridge_destroy(b->bridge);
err_regs:
	kvfree(b->model.regs);
err_free:
	kfree(b);
	return ret;
}

static phys_addr_t sn_conf_walk(struct conf *conf, dma_addr_t addr)
{
	struct behind *b = dev_get_drvdata(conf->dev);
	struct sn_decoded d;

	return sn_model_decode(&b->model, addr, &d) ? d.to : CONF_NOWHERE;
}

static long sn_conf_used(struct conf *conf)
{
	struct behind *b = dev_get_drvdata(conf->dev);

	return sn_model_used(&b->model);
}

static void sn_conf_fail(struct conf *conf, int n)
{
	struct behind *b = dev_get_drvdata(conf->dev);

	b->model.lossy = n + 1;
}

#define BEHIND(_name, _claims, _max, _ordering, _fail)			\
	{								\
		.name = _name,						\
		.claims = CONF_COHERENT | CONF_PAGES | CONF_MMAP |	\
			  CONF_RESOURCES | CONF_PEERS | (_claims),	\
		.max_mapping = _max,					\
		.ordering = DMA_ORDERING_ ## _ordering,			\
		.missing = nothing,					\
		.setup = sn_conf_setup,					\
		.teardown = sn_conf_teardown,				\
		.walk = sn_conf_walk,					\
		.fail = _fail,						\
		.used = sn_conf_used,					\
		.everywhere = true,					\
	}

#define ENTRIES	(CONF_TRANSLATES | CONF_COUNTS | CONF_EXHAUSTS)

/* TIOCE's entries are shared: what thousands of mappings share does not run out. */
const struct dma_conformance_backend conf_sn[CONF_NR_SN] = {
	BEHIND("sn-pic", ENTRIES, 1023 * SZ_4K, WEAK_BARRIER, sn_conf_fail),
	BEHIND("sn-pic-direct", 0, 0, WEAK_BARRIER, NULL),
	BEHIND("sn-tiocp", ENTRIES, 1023 * SZ_16K, WEAK_BARRIER, sn_conf_fail),
	BEHIND("sn-tioca", ENTRIES, (NR_GART - 1) * SZ_4K, WEAK, NULL),
	BEHIND("sn-tioce", CONF_TRANSLATES | CONF_COUNTS,
	       (2048 - 64 - 1) * SZ_256K, WEAK_BARRIER, NULL),
	BEHIND("sn-tioce-direct", 0, 0, WEAK_BARRIER, NULL),
};
