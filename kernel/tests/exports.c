// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit tests call. Part of dmabuf_sync, and only when the tests are built, so that
 * the files under test need not know of them.
 */
#include <kunit/visibility.h>
#include <linux/export.h>

#include "../abandon.h"
#include "../acquire.h"
#include "../buf.h"
#include "../conflict.h"
#include "../line.h"
#include "../owner.h"
#include "../queue.h"
#include "../release.h"
#include "../set.h"
#include "../user.h"

EXPORT_SYMBOL_IF_KUNIT(dsync_abandon_clear);
EXPORT_SYMBOL_IF_KUNIT(dsync_abandon_forget);
EXPORT_SYMBOL_IF_KUNIT(dsync_abandon_note);
EXPORT_SYMBOL_IF_KUNIT(dsync_abandon_overlaps);
EXPORT_SYMBOL_IF_KUNIT(dsync_acquire);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_find);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_get);
#ifdef CONFIG_DMABUF_SYNC_DEBUG
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_note_steps);
#endif
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_put);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_reap);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_walk_begin);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_walk_end);
EXPORT_SYMBOL_IF_KUNIT(dsync_buf_walk_next);
EXPORT_SYMBOL_IF_KUNIT(dsync_conflict_between);
EXPORT_SYMBOL_IF_KUNIT(dsync_ids_draw);
EXPORT_SYMBOL_IF_KUNIT(dsync_line_begin);
EXPORT_SYMBOL_IF_KUNIT(dsync_line_earlier);
EXPORT_SYMBOL_IF_KUNIT(dsync_line_scan);
EXPORT_SYMBOL_IF_KUNIT(dsync_owner_create);
EXPORT_SYMBOL_IF_KUNIT(dsync_owner_put);
EXPORT_SYMBOL_IF_KUNIT(dsync_queue_cancel);
EXPORT_SYMBOL_IF_KUNIT(dsync_queue_unwatch);
EXPORT_SYMBOL_IF_KUNIT(dsync_release);
EXPORT_SYMBOL_IF_KUNIT(dsync_set_alloc);
EXPORT_SYMBOL_IF_KUNIT(dsync_set_fill);
EXPORT_SYMBOL_IF_KUNIT(dsync_set_put);
EXPORT_SYMBOL_IF_KUNIT(dsync_user_limit);
