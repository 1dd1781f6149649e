// SPDX-License-Identifier: GPL-2.0-only
/* See fixture.h. */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fixture.h"

/* Nobody attaches: there is nothing to map. */
static struct sg_table *fx_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void fx_buf_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			 enum dma_data_direction dir)
{
}

static void fx_buf_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops fx_buf_ops = {
	.map_dma_buf = fx_buf_map,
	.unmap_dma_buf = fx_buf_unmap,
	.release = fx_buf_release,
};

static struct dma_buf *fx_buf_create(struct kunit *test)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &fx_buf_ops;
	info.size = FX_SIZE;
	info.flags = O_RDWR;
	info.priv = test;
	return dma_buf_export(&info);
}

int fx_init(struct kunit *test)
{
	struct fx *fx = kunit_kzalloc(test, sizeof(*fx), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fx);
	test->priv = fx;
	for (i = 0; i < FX_BUFS; i++) {
		fx->bufs[i] = fx_buf_create(test);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx->bufs[i]);
	}
	for (i = 0; i < FX_OWNERS; i++) {
		fx->owners[i] = dsync_owner_create(DMABUF_SYNC_OWNER_DRIVER, "kunit");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fx->owners[i]);
	}
	return 0;
}

void fx_exit(struct kunit *test)
{
	struct fx *fx = test->priv;
	unsigned int i;

	if (!fx)
		return;
	/* The thread of the test is gone: kicks are for this one. */
	for (i = 0; i < fx->nr_sets; i++)
		fx->sets[i]->task = current;
	for (i = 0; i < fx->nr_sets; i++) {
		if (fx_queued(fx->sets[i]))
			fx_cancel(fx->sets[i]);
		if (fx->sets[i]->state == DSYNC_HELD)
			fx_release(fx->sets[i]);
		dsync_set_put(fx->sets[i]);
	}
	for (i = 0; i < FX_OWNERS; i++)
		if (!IS_ERR_OR_NULL(fx->owners[i]))
			dsync_owner_put(fx->owners[i]);
	for (i = 0; i < FX_BUFS; i++)
		if (!IS_ERR_OR_NULL(fx->bufs[i]))
			dma_buf_put(fx->bufs[i]);
}

static struct dsync_set *fx_create(struct kunit *test, unsigned int owner,
				   const struct dsync_range *ranges, unsigned int nr)
{
	struct fx *fx = test->priv;
	struct dsync_access *access;
	struct dsync_set *set;

	KUNIT_ASSERT_LT(test, fx->nr_sets, FX_SETS);
	set = dsync_set_alloc(fx->owners[owner], nr, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_EQ(test, dsync_set_fill(set, ranges), 0);
	dsync_set_for_each(set, access)
		access->id = dsync_id_next();
	fx->sets[fx->nr_sets++] = set;
	return set;
}

struct dsync_set *fx_set(struct kunit *test, unsigned int owner, unsigned int buf, u32 mode,
			 u64 start, u64 last)
{
	struct fx *fx = test->priv;
	struct dsync_range range = {
		.dmabuf = fx->bufs[buf],
		.mode = mode,
		.offset = start,
		.length = last - start + 1,
	};

	return fx_create(test, owner, &range, 1);
}

struct dsync_set *fx_whole(struct kunit *test, unsigned int owner, unsigned int buf, u32 mode)
{
	return fx_set(test, owner, buf, mode, 0, FX_SIZE - 1);
}

struct dsync_set *fx_bytes(struct kunit *test, unsigned int owner, unsigned long read,
			   unsigned long write)
{
	struct dsync_range ranges[BITS_PER_BYTE] = {};
	unsigned long bytes = read | write;
	struct fx *fx = test->priv;
	unsigned int nr = 0, byte;

	for_each_set_bit(byte, &bytes, BITS_PER_BYTE)
		ranges[nr++] = (struct dsync_range){
			.dmabuf = fx->bufs[0],
			.mode = write & BIT(byte) ? FX_W : FX_R,
			.offset = byte,
			.length = 1,
		};
	return fx_create(test, owner, ranges, nr);
}

struct dsync_set *fx_pair(struct kunit *test, unsigned int owner, unsigned int buf1,
			  unsigned int buf2, u32 mode)
{
	struct fx *fx = test->priv;
	struct dsync_range ranges[] = {
		{ .dmabuf = fx->bufs[buf1], .mode = mode, .length = FX_SIZE },
		{ .dmabuf = fx->bufs[buf2], .mode = mode, .length = FX_SIZE },
	};

	return fx_create(test, owner, ranges, ARRAY_SIZE(ranges));
}

int fx_try(struct dsync_set *set)
{
	return dsync_acquire(set, true, false);
}

int fx_try_now(struct dsync_set *set)
{
	return dsync_acquire(set, false, false);
}

void fx_release(struct dsync_set *set)
{
	set->state = DSYNC_READY;
	WARN_ON_ONCE(dsync_release(set, DSYNC_END_RELEASED));
}

void fx_cancel(struct dsync_set *set)
{
	dsync_queue_cancel(set);
	set->state = DSYNC_OVER;
}

bool fx_queued(const struct dsync_set *set)
{
	return set->state == DSYNC_QUEUED;
}

bool fx_kicked(struct dsync_set *set)
{
	return test_and_clear_bit(DSYNC_SET_KICKED, &set->kicked);
}
