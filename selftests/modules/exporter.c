// SPDX-License-Identifier: GPL-2.0-only
/* An exporter that counts begin_cpu_access and end_cpu_access, and fails on request. */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "test.h"

/**
 * struct test_buffer - an exported buffer
 * @lock: protects @count, @open and @fault
 * @count: calls so far
 * @open: windows open now
 * @fault: what is still to go wrong
 * @nr_pages: entries of @pages
 * @pages: the memory
 */
struct test_buffer {
	spinlock_t lock; /* see above */
	struct dst_count count;
	u32 open;
	struct dst_fault fault;
	unsigned int nr_pages;
	struct page *pages[] __counted_by(nr_pages);
};

/* What the next begin_cpu_access is to do; uses up one fault. */
static int test_buffer_fault(struct test_buffer *buf, u32 *delay_ms)
{
	int err = 0;

	spin_lock(&buf->lock);
	*delay_ms = buf->fault.delay_ms;
	if (buf->fault.nr) {
		buf->fault.nr--;
		buf->count.begin_failed++;
		err = buf->fault.error;
	}
	spin_unlock(&buf->lock);
	return err;
}

static int test_buffer_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct test_buffer *buf = dmabuf->priv;
	u32 delay_ms;
	int err;

	err = test_buffer_fault(buf, &delay_ms);
	if (delay_ms)
		msleep(delay_ms);
	if (err)
		return err;
	spin_lock(&buf->lock);
	buf->count.begin[dir]++;
	buf->open++;
	buf->count.open_max = max(buf->count.open_max, buf->open);
	spin_unlock(&buf->lock);
	return 0;
}

static int test_buffer_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct test_buffer *buf = dmabuf->priv;

	spin_lock(&buf->lock);
	buf->count.end[dir]++;
	buf->open--;
	spin_unlock(&buf->lock);
	return 0;
}

static struct sg_table *test_buffer_map(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	struct test_buffer *buf = attach->dmabuf->priv;
	struct sg_table *sgt;
	int err;

	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table_from_pages(sgt, buf->pages, buf->nr_pages, 0,
					attach->dmabuf->size, GFP_KERNEL);
	if (err)
		goto free_sgt;
	err = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (err)
		goto free_table;
	return sgt;

free_table:
	sg_free_table(sgt);
free_sgt:
	kfree(sgt);
	return ERR_PTR(err);
}

static void test_buffer_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			      enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static int test_buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct test_buffer *buf = dmabuf->priv;

	return vm_map_pages(vma, buf->pages, buf->nr_pages);
}

static void test_buffer_free(struct test_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < buf->nr_pages; i++)
		if (buf->pages[i])
			__free_page(buf->pages[i]);
	kvfree(buf);
}

static void test_buffer_release(struct dma_buf *dmabuf)
{
	test_buffer_free(dmabuf->priv);
}

static const struct dma_buf_ops test_buffer_ops = {
	.map_dma_buf = test_buffer_map,
	.unmap_dma_buf = test_buffer_unmap,
	.begin_cpu_access = test_buffer_begin,
	.end_cpu_access = test_buffer_end,
	.mmap = test_buffer_mmap,
	.release = test_buffer_release,
};

static struct test_buffer *test_buffer_alloc(size_t size)
{
	unsigned int i, nr_pages = size >> PAGE_SHIFT;
	struct test_buffer *buf;

	buf = kvzalloc(struct_size(buf, pages, nr_pages), GFP_KERNEL);
	if (!buf)
		return NULL;
	buf->nr_pages = nr_pages;
	spin_lock_init(&buf->lock);
	for (i = 0; i < nr_pages; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!buf->pages[i]) {
			test_buffer_free(buf);
			return NULL;
		}
	}
	return buf;
}

/**
 * test_export() - DST_EXPORT
 * @session: the open file
 * @arg: struct dst_export
 *
 * Return: 0, -EINVAL, -ENOMEM, or what dma_buf_export() and dma_buf_fd() say.
 */
int test_export(struct test_session *session, void *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dst_export *args = arg;
	struct test_buffer *buf;
	struct dma_buf *dmabuf;

	if (!args->size || args->size > SZ_16M || !PAGE_ALIGNED(args->size) ||
	    args->flags & ~O_ACCMODE)
		return -EINVAL;
	buf = test_buffer_alloc(args->size);
	if (!buf)
		return -ENOMEM;
	info.ops = &test_buffer_ops;
	info.size = args->size;
	info.flags = args->flags;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		test_buffer_free(buf);
		return PTR_ERR(dmabuf);
	}
	args->fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (args->fd >= 0)
		return 0;
	dma_buf_put(dmabuf);
	return args->fd;
}

/* The dma-buf behind @fd if it is one of ours. */
static struct dma_buf *test_export_lookup(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf) || dmabuf->ops == &test_buffer_ops)
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/**
 * test_export_count() - DST_EXPORT_COUNT
 * @session: the open file
 * @arg: struct dst_count
 *
 * Return: 0; -EINVAL when the dma-buf is not from DST_EXPORT.
 */
int test_export_count(struct test_session *session, void *arg)
{
	struct dst_count *args = arg;
	struct test_buffer *buf;
	struct dma_buf *dmabuf;
	int fd = args->fd;

	dmabuf = test_export_lookup(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dmabuf->priv;
	spin_lock(&buf->lock);
	*args = buf->count;
	spin_unlock(&buf->lock);
	args->fd = fd;
	dma_buf_put(dmabuf);
	return 0;
}

/**
 * test_export_fault() - DST_EXPORT_FAULT
 * @session: the open file
 * @arg: struct dst_fault
 *
 * Return: 0; -EINVAL for bad values or when the dma-buf is not from DST_EXPORT.
 */
int test_export_fault(struct test_session *session, void *arg)
{
	struct dst_fault *args = arg;
	struct test_buffer *buf;
	struct dma_buf *dmabuf;

	if (args->error > 0 || args->error < -MAX_ERRNO || args->delay_ms > DST_MAX_MS)
		return -EINVAL;
	dmabuf = test_export_lookup(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dmabuf->priv;
	spin_lock(&buf->lock);
	buf->fault = *args;
	spin_unlock(&buf->lock);
	dma_buf_put(dmabuf);
	return 0;
}
