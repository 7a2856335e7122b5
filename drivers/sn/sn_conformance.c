// SPDX-License-Identifier: GPL-2.0
/*
 * The bridges as backends of the conformance suites, kernel/dma/tests/conformance/:
 * one descriptor for each chip and DMA mask below. model.c plays the hardware. Where
 * a chip has translation entries, one of its masks needs them.
 */
#include <kunit/device.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/slab.h>
#include "conformance.h"
#include "model.h"

#define NR_GART		1024

struct sn_conf {
	struct dma_conformance_backend	be;
	enum sn_chip			chip;
	unsigned int			page_shift;
	unsigned int			bits;	/* of the mask */
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
	const struct sn_conf *sn = container_of(conf->be, struct sn_conf, be);
	static const struct sn_slot slot = { .slot = 2 };
	struct behind *b = kzalloc(sizeof(*b), GFP_KERNEL);
	/* The machine's RAM is all on node 0. The window leads elsewhere. */
	struct sn_bridge_params params = {
		.chip = sn->chip, .regs_ops = &sn_model_ops, .revision = 2,
		.hub = { .nasid_shift = 38, .nasid_mask = 0x7ff },
		.page_shift = sn->page_shift, .target = 8, .window = 1ULL << 37,
		.nr_entries = sn->chip == SN_TIOCA ? NR_GART : 0,
	};
	int ret = -ENOMEM;

	conf->dev = kunit_device_register(test, "dma-conformance");
	if (!b || IS_ERR(conf->dev))
		goto err_free;
	b->model.regs = kvzalloc(SN_MODEL_REGS, GFP_KERNEL);
	if (!b->model.regs)
		goto err_free;
	params.regs = &b->model;
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
	ret = dma_set_mask_and_coherent(conf->dev, DMA_BIT_MASK(sn->bits));
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

#define SN_CONF(_name, _chip, _shift, _bits, _claims, _max, _fail)	\
	{								\
		.be = {							\
			.name = _name,					\
			.claims = CONF_COHERENT | CONF_PAGES |		\
				  CONF_MMAP | (_claims),		\
			.max_mapping = _max,				\
			.missing = nothing,				\
			.setup = sn_conf_setup,				\
			.teardown = sn_conf_teardown,			\
			.walk = sn_conf_walk,				\
			.fail = _fail,					\
			.used = sn_conf_used,				\
			.everywhere = true,				\
		},							\
		.chip = _chip,						\
		.page_shift = _shift,					\
		.bits = _bits,						\
	}

#define ENTRIES	(CONF_TRANSLATES | CONF_COUNTS | CONF_EXHAUSTS)

/* Mappings share the entries of TIOCE, so a few thousand do not exhaust it. */
static const struct sn_conf sn_confs[] = {
	SN_CONF("sn-pic", SN_PIC, 12, 32, ENTRIES, 1023 * SZ_4K, sn_conf_fail),
	SN_CONF("sn-pic-direct", SN_PIC, 12, 64, 0, 0, NULL),
	SN_CONF("sn-tiocp", SN_TIOCP, 14, 32, ENTRIES, 1023 * SZ_16K,
		sn_conf_fail),
	SN_CONF("sn-tioca", SN_TIOCA, 12, 32, ENTRIES, (NR_GART - 1) * SZ_4K,
		NULL),
	SN_CONF("sn-tioce", SN_TIOCE, 12, 31, CONF_TRANSLATES | CONF_COUNTS,
		(2048 - 64 - 1) * SZ_256K, NULL),
	SN_CONF("sn-tioce-direct", SN_TIOCE, 12, 64, 0, 0, NULL),
};

static int __init sn_conf_add(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sn_confs); i++)
		dma_conformance_add(&sn_confs[i].be);
	return 0;
}
conf_initcall(sn_conf_add);
