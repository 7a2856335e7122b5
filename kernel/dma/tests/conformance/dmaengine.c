// SPDX-License-Identifier: GPL-2.0
/*
 * Any channel of the dmaengine that copies memory: what most boards have, so that the
 * suites tell whether the DMA API works on a board.
 *
 * It must copy single bytes, because the suites access memory from any byte on.  Nobody
 * else may use the device: the cases change its masks.
 */
#include <linux/completion.h>
#include <linux/dmaengine.h>
#include "conformance.h"

static struct dma_chan *chan;
static DECLARE_COMPLETION(copied);
static enum dmaengine_tx_result result_of_copy;

/* The channels of a controller may share a device.  The caller holds dma_list_mutex. */
static bool is_shared(struct dma_chan *chan)
{
	struct dma_chan *each;

	if (dmaengine_get_dma_device(chan) != chan->device->dev)
		return false;
	list_for_each_entry(each, &chan->device->channels, device_node)
		if (each != chan && each->client_count)
			return true;
	return false;
}

static bool copies_bytes(struct dma_chan *chan, void *param)
{
	return is_dma_copy_aligned(chan->device, 1, 1, 1) &&
	       dmaengine_get_dma_device(chan)->dma_mask && !is_shared(chan);
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

static void report(void *data, const struct dmaengine_result *result)
{
	result_of_copy = result->result;
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
	tx->callback_result = report;
	cookie = dmaengine_submit(tx);
	if (dma_submit_error(cookie))
		return -EFAULT;
	dma_async_issue_pending(chan);
	/* Some drivers cannot end a transfer early. */
	if (!wait_for_completion_timeout(&copied, 5 * HZ))
		return dmaengine_terminate_sync(chan) ? -ETIMEDOUT : -EFAULT;
	return result_of_copy == DMA_TRANS_NOERROR &&
	       dma_async_is_tx_complete(chan, cookie, NULL, NULL) == DMA_COMPLETE ?
	       0 : -EFAULT;
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
