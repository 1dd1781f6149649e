// SPDX-License-Identifier: GPL-2.0-only
/*
 * An exporter that counts begin_cpu_access and end_cpu_access, and fails on request. With
 * DST_BOUNCE its device has a copy of the memory, as behind swiotlb: begin and end copy all of it,
 * one way or the other, whatever somebody else does with other bytes meanwhile.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "test.h"

/**
 * struct test_buffer - an exported buffer
 * @lock: protects @count, @open, @calls and @fault
 * @count: calls so far
 * @open: windows open now
 * @calls: begin_cpu_access and end_cpu_access under way
 * @fault: what is still to go wrong
 * @device: with DST_BOUNCE: the bytes as the device sees them; else NULL
 * @nr_pages: entries of @pages
 * @pages: the memory
 */
struct test_buffer {
	spinlock_t lock; /* see above */
	struct dst_count count;
	u32 open;
	u32 calls;
	struct dst_fault fault;
	u8 *device;
	unsigned int nr_pages;
	struct page *pages[] __counted_by(nr_pages);
};

/* A call begins: what it is to do. Uses up one fault. */
static int test_buffer_enter(struct test_buffer *buf, u32 *nr, u32 *delay_ms)
{
	int err = 0;

	spin_lock(&buf->lock);
	buf->calls++;
	buf->count.calls_max = max(buf->count.calls_max, buf->calls);
	*delay_ms = buf->fault.delay_ms;
	if (*nr) {
		(*nr)--;
		err = buf->fault.error;
	}
	spin_unlock(&buf->lock);
	return err;
}

static void test_buffer_to_cpu(struct test_buffer *buf)
{
	unsigned int i;

	for (i = 0; buf->device && i < buf->nr_pages; i++)
		memcpy_to_page(buf->pages[i], 0, (char *)buf->device + i * PAGE_SIZE, PAGE_SIZE);
}

static void test_buffer_to_device(struct test_buffer *buf)
{
	unsigned int i;

	for (i = 0; buf->device && i < buf->nr_pages; i++)
		memcpy_from_page((char *)buf->device + i * PAGE_SIZE, buf->pages[i], 0, PAGE_SIZE);
}

static int test_buffer_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct test_buffer *buf = dmabuf->priv;
	u32 delay_ms;
	int err;

	err = test_buffer_enter(buf, &buf->fault.nr, &delay_ms);
	if (delay_ms)
		msleep(delay_ms);
	if (!err && dir != DMA_TO_DEVICE)
		test_buffer_to_cpu(buf);

	spin_lock(&buf->lock);
	buf->calls--;
	if (err) {
		buf->count.begin_failed++;
	} else {
		buf->count.begin[dir]++;
		buf->open++;
		buf->count.open_max = max(buf->count.open_max, buf->open);
	}
	spin_unlock(&buf->lock);
	return err;
}

/*
 * What the CPU has read only may be thrown away: there are caches where that is what the end of
 * DMA_FROM_DEVICE does. It ends also where it fails.
 */
static int test_buffer_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct test_buffer *buf = dmabuf->priv;
	u32 delay_ms;
	int err;

	err = test_buffer_enter(buf, &buf->fault.nr_end, &delay_ms);
	if (dir == DMA_FROM_DEVICE)
		test_buffer_to_cpu(buf);
	else
		test_buffer_to_device(buf);

	spin_lock(&buf->lock);
	buf->calls--;
	buf->count.end[dir]++;
	buf->open--;
	spin_unlock(&buf->lock);
	return err;
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
	vfree(buf->device);
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

static struct test_buffer *test_buffer_alloc(size_t size, u32 flags)
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
		if (!buf->pages[i])
			goto free;
	}
	if (flags & DST_BOUNCE) {
		buf->device = vzalloc(size);
		if (!buf->device)
			goto free;
	}
	return buf;

free:
	test_buffer_free(buf);
	return NULL;
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
	    args->flags & ~(O_ACCMODE | DST_BOUNCE))
		return -EINVAL;
	buf = test_buffer_alloc(args->size, args->flags);
	if (!buf)
		return -ENOMEM;
	info.ops = &test_buffer_ops;
	info.size = args->size;
	info.flags = args->flags & O_ACCMODE;
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

/* Both see the bytes while the device works: real ones take their time, too. */
static int test_device_do(struct test_buffer *buf, size_t size, struct dst_device *args)
{
	u64 i;

	if (!buf->device || args->offset > size || args->length > size - args->offset)
		return -EINVAL;
	args->differ = 0;
	for (i = args->offset; i < args->offset + args->length; i++) {
		if (args->write)
			WRITE_ONCE(buf->device[i], args->value);
		else if (READ_ONCE(buf->device[i]) != args->value)
			args->differ++;
	}
	return 0;
}

/**
 * test_export_device() - DST_EXPORT_DEVICE
 * @session: the open file
 * @arg: struct dst_device
 *
 * Return: 0; -EINVAL when the dma-buf is not from DST_EXPORT with DST_BOUNCE, or is left.
 */
int test_export_device(struct test_session *session, void *arg)
{
	struct dst_device *args = arg;
	struct dma_buf *dmabuf;
	int err;

	dmabuf = test_export_lookup(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = test_device_do(dmabuf->priv, dmabuf->size, args);
	dma_buf_put(dmabuf);
	return err;
}
