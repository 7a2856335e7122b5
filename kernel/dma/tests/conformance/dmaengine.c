// SPDX-License-Identifier: GPL-2.0
/*
 * Any channel of the dmaengine that copies memory: what most boards have, so that the
 * suites tell whether the DMA API works on a board.
 *
 * It must copy single bytes, because the suites access memory from any byte on.
 */
#include <linux/completion.h>
#include <linux/dmaengine.h>
#include "conformance.h"

static struct dma_chan *chan;
static DECLARE_COMPLETION(copied);

static bool copies_bytes(struct dma_chan *chan, void *param)
{
	return is_dma_copy_aligned(chan->device, 1, 1, 1) &&
	       dmaengine_get_dma_device(chan)->dma_mask;
}

static int channel_init(void)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	chan = dma_request_channel(mask, copies_bytes, NULL);
	return 0;
}

static void channel_exit(void)
{
	if (chan)
		dma_release_channel(chan);
	chan = NULL;
}

static struct device *channel_dev(void)
{
	return chan ? dmaengine_get_dma_device(chan) : NULL;
}

static void report(void *data)
{
	complete(&copied);
}

static int channel_copy(dma_addr_t to, dma_addr_t from, size_t len)
{
	struct dma_async_tx_descriptor *tx;
	dma_cookie_t cookie;

	tx = dmaengine_prep_dma_memcpy(chan, to, from, len,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return -EFAULT;
	reinit_completion(&copied);
	tx->callback = report;
	cookie = dmaengine_submit(tx);
	if (dma_submit_error(cookie))
		return -EFAULT;
	dma_async_issue_pending(chan);
	if (wait_for_completion_timeout(&copied, 5 * HZ) &&
	    dma_async_is_tx_complete(chan, cookie, NULL, NULL) == DMA_COMPLETE)
		return 0;
	dmaengine_terminate_sync(chan);
	return -EFAULT;
}

static const struct dma_conformance_master channel = {
	.name = "dmaengine",
	.fragile = true,
	.max = SZ_4K,
	.init = channel_init,
	.exit = channel_exit,
	.dev = channel_dev,
	.copy = channel_copy,
};

static int __init add_channel(void)
{
	dma_conformance_add_master(&channel);
	return 0;
}
conf_initcall(add_channel);
