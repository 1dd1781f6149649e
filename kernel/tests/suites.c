// SPDX-License-Identifier: GPL-2.0-only
/* dmabuf_sync_kunit: the engine, attempt by attempt. */
#include <linux/module.h>

#include "fixture.h"

kunit_test_suites(&dsync_abandon_suite, &dsync_buf_suite, &dsync_conflict_suite,
		  &dsync_graph_suite, &dsync_queue_suite, &dsync_random_suite);

MODULE_DESCRIPTION("KUnit tests of dmabuf-sync");
MODULE_LICENSE("GPL");
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_INFO(import_ns, "EXPORTED_FOR_KUNIT_TESTING");
