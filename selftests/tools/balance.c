// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many owners on all CPUs at once: afterwards every acquisition was counted once, in the
 * windows as in the sums, and the times of use came to an end with the accesses.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_RW		DMA_BUF_ACCESS_DMA_RW
#define NR_BUFS		2
#define NR_THREADS	6
#define RUN_MS		3000
#define MAX_BYTES	512
#define MAX_WINDOWS	100

struct worker {
	struct st_world *w;
	unsigned int seed;
	int ctx;
	int64_t end_ns;
	uint64_t acquired[NR_BUFS];
	long error;
	pthread_t thread;
};

FIXTURE(balance)
{
	struct st_world w;
	struct tool tool;
	struct worker workers[NR_THREADS + 1];
	uint64_t expected[NR_BUFS], windows[NR_BUFS];
};

FIXTURE_SETUP(balance)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, tool_attach(&self->tool, "--delay", "0.1"));
}

FIXTURE_TEARDOWN(balance)
{
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* One of the buffers or both, any mode, waiting or not. */
static void *cpu_worker(void *arg)
{
	struct worker *worker = arg;
	struct dmabuf_sync_access entries[NR_BUFS];
	unsigned int nr, first, i;
	long set;

	while (st_now_ns() < worker->end_ns && !worker->error) {
		nr = 1 + rand_r(&worker->seed) % NR_BUFS;
		first = rand_r(&worker->seed) % NR_BUFS;
		for (i = 0; i < nr; i++)
			entries[i] = st_access(worker->w->buf[(first + i) % NR_BUFS].fd,
					       1 + rand_r(&worker->seed) % 3,
					       rand_r(&worker->seed) % ST_PAGE,
					       1 + rand_r(&worker->seed) % MAX_BYTES);
		set = st_lock_set(worker->ctx, entries, nr,
				  rand_r(&worker->seed) % 2 ? DMABUF_SYNC_ACQUIRE_NONBLOCK : 0);
		if (set == -EAGAIN)
			continue;
		if (set < 0 || st_release(worker->ctx, set)) {
			worker->error = set < 0 ? set : -EIO;
			break;
		}
		for (i = 0; i < nr; i++)
			worker->acquired[(first + i) % NR_BUFS]++;
	}
	return NULL;
}

/* Jobs of a driver, which end in a hard interrupt. */
static void *job_worker(void *arg)
{
	struct worker *worker = arg;
	int test = worker->w->test;
	long fence, job;

	while (st_now_ns() < worker->end_ns && !worker->error) {
		fence = st_fence_new(test, NULL);
		job = st_sync_locked(test, worker->w->buf[0].fd, DMA_RW, 0, ST_PAGE,
				     DST_LOCK_WAIT);
		if (fence < 0 || job < 0 || st_sync_commit(test, job, fence) ||
		    st_fence_signal(test, fence, DST_HARDIRQ, 0, 0))
			worker->error = -EIO;
		else
			worker->acquired[0]++;
		st_test_destroy(test, job);
		st_test_destroy(test, fence);
	}
	return NULL;
}

static int work(struct worker *workers, struct st_world *w, uint64_t *expected)
{
	unsigned int i, j;

	for (i = 0; i <= NR_THREADS; i++) {
		workers[i] = (struct worker){
			.w = w, .seed = i, .ctx = w->ctx[i % ST_WORLD],
			.end_ns = st_now_ns() + RUN_MS * ST_NSEC_PER_MSEC,
		};
		if (pthread_create(&workers[i].thread, NULL,
				   i < NR_THREADS ? cpu_worker : job_worker, &workers[i]))
			return -EAGAIN;
	}
	for (i = 0; i <= NR_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		for (j = 0; j < NR_BUFS; j++)
			expected[j] += workers[i].acquired[j];
		if (workers[i].error)
			return workers[i].error;
	}
	return 0;
}

static struct json_object *row_of(struct json_object *report, const struct st_buffer *buf)
{
	return tool_row(report, "buffers", "ino", buf->ino);
}

static bool in_bounds(struct json_object *object)
{
	static const char *const keys[] = { "cpu_percent", "dma_percent" };
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(keys); i++)
		if (tool_real(object, keys[i]) < 0 || tool_real(object, keys[i]) > 100)
			return false;
	return tool_number(object, "overlap_ns") >= 0 &&
	       tool_number(object, "overlap_ns") <= tool_number(object, "overlap_possible_ns") +
						    ST_NSEC_PER_MSEC;
}

static bool is_zero(struct json_object *object, const char *const *keys)
{
	bool zero = true;

	for (; *keys; keys++)
		zero = zero && !tool_real(object, *keys);
	return zero;
}

/* Nothing is held, nothing counts on, and there was room for everything. */
static bool at_rest(struct json_object *report)
{
	static const char *const keys[] = {
		"cpu_held", "dma_held", "waiting", "cpu_percent", "dma_percent",
		"overlap_ns", "lost_accesses", "lost_buffers", NULL,
	};

	return is_zero(json_object_object_get(report, "summary"), keys);
}

static bool row_at_rest(struct json_object *row)
{
	static const char *const keys[] = {
		"held", "waiting", "cpu_percent", "dma_percent", "overlap_ns", "queued_percent",
		"dma_for_cpu_ns", "cpu_for_dma_ns", "cpu_for_cpu_ns", "engine_queue_ns", NULL,
	};

	return is_zero(row, keys);
}

/* Add up what a window has of each buffer. */
static bool add_window(struct json_object *report, const struct st_world *w,
		       uint64_t *windows)
{
	struct json_object *row;
	bool sound = in_bounds(json_object_object_get(report, "summary"));
	unsigned int i;

	for (i = 0; i < NR_BUFS; i++) {
		row = row_of(report, &w->buf[i]);
		if (!row)
			continue;
		windows[i] += tool_number(row, "acquired");
		sound = sound && in_bounds(row);
	}
	return sound;
}

/*
 * The first window with everything at rest, after everything that happened. It may take
 * some, because kernels from 7.x on preempt programs and then do not run them for who
 * preempted them; what was missed is put right later. The last window when there is none.
 */
static struct json_object *last_window(struct tool *tool, const struct st_world *w,
				       const uint64_t *expected, uint64_t *windows)
{
	struct json_object *report = NULL;
	unsigned int i;

	for (i = 0; i < MAX_WINDOWS; i++) {
		json_object_put(report);
		report = tool_line(tool);
		if (!report)
			return NULL;
		if (!add_window(report, w, windows)) {
			fprintf(stderr, "# %s\n", json_object_to_json_string(report));
			return NULL;
		}
		if (windows[0] + tool_summary(report, "lost_runs") >= expected[0] &&
		    !tool_summary(report, "acquired") && at_rest(report))
			break;
	}
	return report;
}

/* What was not counted was counted as lost. */
static bool agrees(int64_t number, uint64_t expected, uint64_t lost)
{
	return number <= (int64_t)expected && number + lost >= expected;
}

TOOL_TEST(balance, after_the_storm)
{
	struct json_object *report, *row;
	uint64_t lost;
	unsigned int i;

	ASSERT_EQ(0, work(self->workers, &self->w, self->expected));
	ASSERT_TRUE(st_snapshot_becomes_empty());
	report = last_window(&self->tool, &self->w, self->expected, self->windows);
	ASSERT_NE(NULL, report);
	EXPECT_TRUE(at_rest(report)) {
		TH_LOG("%s", json_object_to_json_string(report));
	}
	lost = tool_summary(report, "lost_runs");
	for (i = 0; i < NR_BUFS; i++) {
		row = row_of(report, &self->w.buf[i]);
		EXPECT_LT(0, self->expected[i]);
		EXPECT_TRUE(row_at_rest(row));
		EXPECT_EQ((int64_t)self->windows[i], tool_number(row, "total_acquired"));
		EXPECT_TRUE(agrees(self->windows[i], self->expected[i], lost));
		EXPECT_TRUE(agrees(tool_number(row, "total_released"), self->expected[i], lost));
		TH_LOG("buffer %u: %llu acquisitions; runs lost: %llu", i,
		       (unsigned long long)self->expected[i], (unsigned long long)lost);
	}
	json_object_put(report);
}

TEST_HARNESS_MAIN
