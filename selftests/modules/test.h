/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of dmabuf_sync_test.ko. */
#ifndef _DMABUF_SYNC_TEST_INTERNAL_H
#define _DMABUF_SYNC_TEST_INTERNAL_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "dmabuf_sync_test.h"

struct dma_buf;
struct dma_fence;

enum test_kind { TEST_FENCE, TEST_RESV, TEST_SINGLE, TEST_SYNC, TEST_NR_KINDS };

/**
 * struct test_object - what a number names
 * @ref: one for the number, one for each call at work on the object
 * @kind: which kind
 * @end: ends what the object does; called once, when the number goes away, may sleep
 * @free: frees the object
 */
struct test_object {
	struct kref ref;
	enum test_kind kind;
	void (*end)(struct test_object *object);
	void (*free)(struct test_object *object);
};

/**
 * struct test_session - an open file
 * @objects: its objects by number
 */
struct test_session {
	struct xarray objects;
};

int test_object_add(struct test_session *session, struct test_object *object,
		    enum test_kind kind, u32 *id);
struct test_object *test_object_get(struct test_session *session, u32 id,
				    enum test_kind kind);
void test_object_put(struct test_object *object);

int test_irq_run(u32 where, void (*fn)(void *arg), void *arg);

int test_sync_new(struct test_session *session, void *arg);
int test_sync_get(struct test_session *session, void *arg);
int test_sync_put(struct test_session *session, void *arg);
int test_sync_lock(struct test_session *session, void *arg);
int test_sync_wait(struct test_session *session, void *arg);
int test_sync_commit(struct test_session *session, void *arg);
int test_sync_follow(struct test_session *session, void *arg);
int test_sync_commit_after(struct test_session *session, void *arg);
int test_sync_unlock(struct test_session *session, void *arg);
int test_sync_cancel(struct test_session *session, void *arg);
int test_sync_abandoned(struct test_session *session, void *arg);
int test_single_lock(struct test_session *session, void *arg);

int test_fence_new(struct test_session *session, void *arg);
int test_fence_publish(struct test_session *session, void *arg);
int test_fence_signal(struct test_session *session, void *arg);
struct dma_fence *test_fence_lookup(struct test_session *session, u32 id);

int test_misuse(struct test_session *session, void *arg);

int test_resv_hold(struct test_session *session, void *arg);
int test_resv_count(struct test_session *session, void *arg);

int test_export(struct test_session *session, void *arg);
int test_export_count(struct test_session *session, void *arg);
int test_export_fault(struct test_session *session, void *arg);
int test_export_device(struct test_session *session, void *arg);

#endif /* _DMABUF_SYNC_TEST_INTERNAL_H */
