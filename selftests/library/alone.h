/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library's header alone: nothing before it, and twice. Compiled once per language, with
 * ALONE_NAME a name of its own, called by header.c.
 */
#include <dmabuf-sync.h>
#include <dmabuf-sync.h>

#ifdef __cplusplus
extern "C"
#endif
int ALONE_NAME(int ctx, int dmabuf, struct dmasync_set *set);

/* Acquires the first page of the buffer for writing. */
int ALONE_NAME(int ctx, int dmabuf, struct dmasync_set *set)
{
	struct dmasync_access access = dmasync_make_access(dmabuf, DMASYNC_WRITE, 0, 4096);

	return dmasync_acquire(ctx, &access, 1, dmasync_deadline_ms(10000), set);
}
