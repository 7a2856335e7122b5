// SPDX-License-Identifier: GPL-2.0
/*
 * A region as a dma-buf: the operations of exporters of plain memory.
 */
#include <linux/dma-buf.h>
#include <linux/dma-region.h>
#include <linux/export.h>

static struct sg_table *region_map_dma_buf(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	return dma_region_bind(attach->dmabuf->priv, attach->dev, dir);
}

static void region_unmap_dma_buf(struct dma_buf_attachment *attach,
				 struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	/* One that lets memory move gets a new mapping each time. */
	if (attach->importer_ops)
		dma_region_unbind(attach->dmabuf->priv, sgt);
	else
		dma_region_keep(attach->dmabuf->priv, sgt);
}

static void region_detach(struct dma_buf *dmabuf,
			  struct dma_buf_attachment *attach)
{
	dma_region_forget(dmabuf->priv, attach->dev);
}

static int region_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction dir)
{
	return dma_region_begin_cpu_access(dmabuf->priv, dir);
}

static int region_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction dir)
{
	return dma_region_end_cpu_access(dmabuf->priv, dir);
}

static int region_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return dma_region_mmap(dmabuf->priv, vma);
}

static int region_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	return dma_region_vmap(dmabuf->priv, map);
}

static void region_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	dma_region_vunmap(dmabuf->priv, map);
}

static void region_release(struct dma_buf *dmabuf)
{
	dma_region_free(dmabuf->priv);
}

/**
 * DOC: dma_buf_region_ops
 *
 * The dma-buf operations of a region.  For dma_buf_export(), @priv of
 * &struct dma_buf_export_info is the &struct dma_region, which belongs to the dma-buf
 * from then on, and @size its size.  @owner has to be the module with the release
 * function of the region.
 */
const struct dma_buf_ops dma_buf_region_ops = {
	.detach = region_detach,
	.map_dma_buf = region_map_dma_buf,
	.unmap_dma_buf = region_unmap_dma_buf,
	.begin_cpu_access = region_begin_cpu_access,
	.end_cpu_access = region_end_cpu_access,
	.mmap = region_mmap,
	.vmap = region_vmap,
	.vunmap = region_vunmap,
	.release = region_release,
};
EXPORT_SYMBOL_NS_GPL(dma_buf_region_ops, "DMA_BUF");
