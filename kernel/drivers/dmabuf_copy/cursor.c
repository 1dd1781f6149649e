// SPDX-License-Identifier: GPL-2.0-only
/*
 * A place in a mapped buffer, and how far one descriptor can reach from there.
 */
#include <linux/dma-mapping.h>

#include "dmabuf_copy.h"

/**
 * dcopy_cursor_init() - place a cursor
 * @cursor: the cursor
 * @sgt: mapping of a buffer
 * @offset: byte of the buffer
 */
void dcopy_cursor_init(struct dcopy_cursor *cursor, struct sg_table *sgt,
		       u64 offset)
{
	cursor->sg = sgt->sgl;
	cursor->offset = 0;
	dcopy_cursor_advance(cursor, offset);
}

/**
 * dcopy_cursor_advance() - move a cursor
 * @cursor: the cursor
 * @bytes: how far; the end of the buffer is the farthest
 */
void dcopy_cursor_advance(struct dcopy_cursor *cursor, u64 bytes)
{
	cursor->offset += bytes;
	while (cursor->sg && cursor->offset >= sg_dma_len(cursor->sg)) {
		cursor->offset -= sg_dma_len(cursor->sg);
		cursor->sg = sg_next(cursor->sg);
	}
}

/**
 * dcopy_cursor_addr() - bus address of a cursor
 * @cursor: the cursor, in front of the end
 *
 * Return: the address.
 */
dma_addr_t dcopy_cursor_addr(const struct dcopy_cursor *cursor)
{
	return sg_dma_address(cursor->sg) + cursor->offset;
}

/* Bytes that follow each other on the bus, from the cursor on, at most @max. */
static u64 dcopy_cursor_run(const struct dcopy_cursor *cursor, u64 max)
{
	u64 run = sg_dma_len(cursor->sg) - cursor->offset;
	dma_addr_t end = dcopy_cursor_addr(cursor) + run;
	struct scatterlist *sg = sg_next(cursor->sg);

	while (run < max && sg && sg_dma_address(sg) == end) {
		run += sg_dma_len(sg);
		end += sg_dma_len(sg);
		sg = sg_next(sg);
	}
	return min(run, max);
}

/**
 * dcopy_cursor_step() - how many bytes one descriptor can copy
 * @engine: whose descriptor
 * @from: where to read
 * @to: where to write
 * @left: bytes to copy
 *
 * Return: number of bytes, 1 .. @left.
 */
size_t dcopy_cursor_step(const struct dcopy_engine *engine,
			 const struct dcopy_cursor *from,
			 const struct dcopy_cursor *to, u64 left)
{
	struct device *dev = dmaengine_get_dma_device(engine->chan);
	u64 max = round_down((u64)dma_get_max_seg_size(dev),
			     (u64)engine->alignment_bytes);

	max = dcopy_cursor_run(to, min(left, max));
	return dcopy_cursor_run(from, max);
}
