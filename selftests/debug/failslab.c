// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not to be had. Each call of the framework is made again and again: the first
 * time its first allocation fails, then its second one, until it gets by without a failure.
 * Whatever fails: the call succeeds all the same or says ENOMEM (fcntl() says ENOLCK, as it does
 * everywhere), nothing stays held and the buffer works. What ends an access never fails.
 * Needs a kernel with FAILSLAB, as the debug kernel is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest.h>

#include "failslab.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAILSLAB	"/sys/kernel/debug/failslab/"
/* No call allocates so often. */
#define MAX_NTH		500

static int fail_nth = -1;

/* From now on the @nth allocation of this thread fails; 0: none. */
static bool fault_set(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(fail_nth, text, len, 0) == len;
}

/* Did it come to that? */
static bool fault_happened(void)
{
	char text[16] = "";

	return pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
}

static bool is_no_memory(long ret)
{
	return ret == -ENOMEM || ret == -ENOLCK;
}

static bool result_is_right(const struct scene *scene, long ret, bool happened)
{
	if (happened && !scene->never_fails && is_no_memory(ret))
		return true;
	return scene->result ? ret == scene->result : ret >= 0;
}

/* Nothing is held, and the whole buffer can be had. */
static bool buffer_works(struct stage *stage)
{
	uint64_t ino = stage->world.buf[0].ino;
	long set;

	if (!ST_UNTIL(!st_snapshot_count(0, NULL)) || lk_records(ino))
		return false;
	set = st_lock_all(stage->world.ctx[2], stage->world.buf[0].fd, DMA_BUF_ACCESS_W,
			  DMABUF_SYNC_ACQUIRE_NONBLOCK);
	return set > 0 && !st_release(stage->world.ctx[2], set);
}

/**
 * struct walk - what came of a scene
 * @happened: so many allocations failed
 * @failed: so often the call did, too
 */
struct walk {
	unsigned int happened, failed;
};

/* Return: was all as it must be? */
static bool scene_play(const struct scene *scene, struct stage *stage, unsigned int nth,
		       struct walk *walk)
{
	int err = scene->prepare ? scene->prepare(stage) : 0;
	bool happened, right;
	long ret;

	if (err) {
		ksft_print_msg("allocation %u: cannot be prepared: %s\n", nth, strerror(-err));
		return false;
	}
	fault_set(nth);
	ret = scene->call(stage);
	happened = fault_happened();
	fault_set(0);
	right = result_is_right(scene, ret, happened);
	if (!right)
		ksft_print_msg("allocation %u: %s, the call: %ld\n", nth,
			       happened ? "failed" : "did not fail", ret);
	walk->happened += happened;
	walk->failed += happened && is_no_memory(ret);
	scene->undo(stage, ret);
	if (!buffer_works(stage)) {
		ksft_print_msg("allocation %u: something is left behind\n", nth);
		right = false;
	}
	return right;
}

/* A call that may fail but never does was not reached by the failures. */
static bool scene_was_reached(const struct scene *scene, const struct walk *walk)
{
	if (scene->lean && !st_framework_is_built_in())
		return !walk->happened;
	return scene->never_fails || walk->failed;
}

static void scene_walk(const struct scene *scene, struct stage *stage)
{
	struct walk walk = { 0 };
	unsigned int nth, before;
	bool right = true;

	for (nth = 1; right && nth < MAX_NTH; nth++) {
		before = walk.happened;
		right = scene_play(scene, stage, nth, &walk);
		if (walk.happened == before)
			break;
	}
	ksft_test_result(right && nth < MAX_NTH && scene_was_reached(scene, &walk),
			 "%s: %u allocations, %u needed\n", scene->name, walk.happened,
			 walk.failed);
}

/* It has the buffers, and would keep contexts open. */
static bool peer_start(struct stage *stage)
{
	int err = lk_peer_start(&stage->peer) ?:
		  lk_peer_do(&stage->peer, stage->world.test, -1, 0, ALL_BYTES);
	unsigned int i;

	for (i = 0; !err && i < ST_WORLD; i++)
		err = lk_peer_do(&stage->peer, stage->world.ctx[i], -1, 0, ALL_BYTES);
	return !err;
}

/* Also allocations that may sleep fail, and not each is told. */
static bool failslab_start(void)
{
	if (st_file_write(FAILSLAB "ignore-gfp-wait", "N") ||
	    st_file_write(FAILSLAB "verbose", "0"))
		return false;
	fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	return fail_nth >= 0;
}

int main(void)
{
	struct stage stage = { 0 };
	unsigned int i;

	ksft_print_header();
	if (access(FAIL_NTH, F_OK) || access(FAILSLAB, F_OK))
		ksft_exit_skip("this kernel has no FAULT_INJECTION with FAILSLAB\n");
	ksft_set_plan(nr_scenes);
	if (st_world_open(&stage.world) || !peer_start(&stage))
		ksft_exit_fail_msg("needs root, dmabuf_sync, dmabuf_sync_test and udmabuf\n");
	/* Page faults allocate, too. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE) || !failslab_start())
		ksft_exit_fail_msg("failslab cannot be set up: %s\n", strerror(errno));
	for (i = 0; i < nr_scenes; i++)
		scene_walk(&scenes[i], &stage);
	lk_peer_stop(&stage.peer);
	st_world_close(&stage.world);
	ksft_finished();
}
