// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wait chains: known ones are made, and dmasync-top must name exactly these, whether it
 * saw them come or was started late, with either kind of probe.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define RW	DMA_BUF_ACCESS_RW
#define ALL	0, DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define SIZE	(ST_WORLD_PAGES * ST_PAGE)

/* A line of a chain, as the test expects it. */
struct row {
	int depth;
	const char *comm, *state, *mode;
	int buf;
	uint64_t start, len;
	const char *fence, *note;
};

FIXTURE(chain)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	int a, b, c, d;
};

FIXTURE_VARIANT(chain)
{
	const char *probe;
	bool late;
};

FIXTURE_VARIANT_ADD(chain, tp_btf)
{
	.probe = "tp_btf",
};

FIXTURE_VARIANT_ADD(chain, raw_tp_late)
{
	.probe = "raw_tp",
	.late = true,
};

static int start(struct tool *tool, const char *probe)
{
	return tool_attach(tool, "--probe", probe);
}

FIXTURE_SETUP(chain)
{
	tool_name("driver");
	ASSERT_EQ(0, st_world_open(&self->w));
	self->a = tool_actor("A");
	self->b = tool_actor("B");
	self->c = tool_actor("C");
	self->d = tool_actor("D");
	ASSERT_LE(0, self->d);
	if (!variant->late)
		ASSERT_EQ(0, start(&self->tool, variant->probe));
}

FIXTURE_TEARDOWN(chain)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	close(self->a);
	close(self->b);
	close(self->c);
	close(self->d);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* The shape is made: what does the tool say of it? */
static struct json_object *look(struct tool *tool, bool late, const char *probe)
{
	if (late && start(tool, probe))
		return NULL;
	return tool_end(tool);
}

static bool row_is(struct json_object *object, const struct row *row,
		   const struct st_world *w)
{
	return tool_number(object, "depth") == row->depth &&
	       !strcmp(tool_text(object, "comm"), row->comm) &&
	       !strcmp(tool_text(object, "state"), row->state) &&
	       !strcmp(tool_text(object, "mode"), row->mode) &&
	       tool_number(object, "ino") == (int64_t)w->buf[row->buf].ino &&
	       tool_number(object, "start_bytes") == (int64_t)row->start &&
	       tool_number(object, "len_bytes") == (int64_t)row->len &&
	       !strcmp(tool_text(object, "fence"), row->fence) &&
	       !strcmp(tool_text(object, "note"), row->note);
}

/* Exactly these rows, in this order. */
static bool chains_are(struct json_object *report, const struct st_world *w,
		       const struct row *rows, size_t nr)
{
	struct json_object *chains, *summary;
	bool same;
	size_t i;

	if (!json_object_object_get_ex(report, "chains", &chains))
		return false;
	same = json_object_array_length(chains) == nr;
	for (i = 0; same && i < nr; i++)
		same = row_is(json_object_array_get_idx(chains, i), &rows[i], w);
	summary = json_object_object_get(report, "summary");
	same = same && !tool_number(summary, "lost_accesses") &&
	       !tool_number(summary, "lost_edges");
	if (!same)
		fprintf(stderr, "# %s\n",
			json_object_to_json_string_ext(report,
						       JSON_C_TO_STRING_PRETTY));
	return same;
}

#define EXPECT_CHAINS(...) do {						\
	struct row rows[] = { __VA_ARGS__ };				\
									\
	self->report = look(&self->tool, variant->late, variant->probe); \
	ASSERT_NE(NULL, self->report);					\
	EXPECT_TRUE(chains_are(self->report, &self->w, rows,		\
			       ST_ARRAY_SIZE(rows)));			\
} while (0)

/* Acquire or queue as a thread of that name. */
static long as(const char *name, int ctx, const struct st_buffer *buf, uint32_t access,
	       uint64_t offset, uint64_t length)
{
	tool_name(name);
	return st_lock(ctx, buf->fd, access, offset, length, QUEUE);
}

static int64_t age_of(struct json_object *report, int depth)
{
	return tool_number(tool_row(report, "chains", "depth", depth), "age_ns");
}

/*
 *   C ──> B ──> A        all of them want to write: A has it, the others queue
 */
TOOL_TEST(chain, behind_each_other)
{
	struct st_buffer *buf = self->w.buf;

	ASSERT_LE(0, as("A", self->a, buf, RW, 0, ST_PAGE));
	ASSERT_LE(0, as("B", self->b, buf, W, ALL));
	ASSERT_LE(0, as("C", self->c, buf, R, 0, 2 * ST_PAGE));
	EXPECT_CHAINS({ 0, "A", "holds", "rw", 0, 0, ST_PAGE, "", "" },
		      { 1, "B", "waits", "w", 0, 0, SIZE, "", "" },
		      { 2, "C", "waits", "r", 0, 0, 2 * ST_PAGE, "", "" });
	EXPECT_EQ(2, tool_number(tool_row(self->report, "chains", "depth", 0), "blocks"));
	EXPECT_EQ(age_of(self->report, 1) + age_of(self->report, 2),
		  tool_number(tool_row(self->report, "chains", "depth", 0), "blocked_ns"));
	EXPECT_EQ(-1, tool_number(tool_row(self->report, "chains", "depth", 1), "blocks"));
}

/*
 *   C ─┬─> A (bytes 0..)       one waiter, two that are in its way
 *      └─> B (next page)
 */
TOOL_TEST(chain, two_in_the_way)
{
	struct st_buffer *buf = self->w.buf;

	ASSERT_LE(0, as("A", self->a, buf, W, 0, ST_PAGE));
	ASSERT_LE(0, as("B", self->b, buf, R, ST_PAGE, ST_PAGE));
	ASSERT_LE(0, as("C", self->c, buf, W, ALL));
	EXPECT_CHAINS({ 0, "A", "holds", "w", 0, 0, ST_PAGE, "", "" },
		      { 1, "C", "waits", "w", 0, 0, SIZE, "", "" },
		      { 0, "B", "holds", "r", 0, ST_PAGE, ST_PAGE, "", "" },
		      { 1, "C", "waits", "w", 0, 0, SIZE, "", "see above" });
}

/*
 *   C ──> B(1) = B(0) ──> A(0)     B holds buffer 1 and waits for buffer 0
 */
TOOL_TEST(chain, over_two_buffers)
{
	struct st_buffer *buf = self->w.buf;

	ASSERT_LE(0, as("A", self->a, &buf[0], W, ALL));
	ASSERT_LE(0, as("B", self->b, &buf[1], W, ALL));
	ASSERT_LE(0, as("B", self->b, &buf[0], R, ALL));
	ASSERT_LE(0, as("C", self->c, &buf[1], R, ALL));
	EXPECT_CHAINS({ 0, "A", "holds", "w", 0, 0, SIZE, "", "" },
		      { 1, "B", "waits", "r", 0, 0, SIZE, "", "" },
		      { 2, "B", "holds", "w", 1, 0, SIZE, "", "" },
		      { 3, "C", "waits", "r", 1, 0, SIZE, "", "" });
}

/*
 *   C ──> B(0) = B(1) ──> A(1)     B wants both buffers at once; nobody has buffer 0
 */
TOOL_TEST(chain, behind_a_set)
{
	struct st_buffer *buf = self->w.buf;
	struct dmabuf_sync_access both[] = {
		st_access(buf[0].fd, W, ALL), st_access(buf[1].fd, W, ALL),
	};

	ASSERT_LE(0, as("A", self->a, &buf[1], W, ALL));
	tool_name("B");
	ASSERT_LE(0, st_lock_set(self->b, both, 2, QUEUE));
	ASSERT_LE(0, as("C", self->c, &buf[0], R, ALL));
	EXPECT_CHAINS({ 0, "A", "holds", "w", 1, 0, SIZE, "", "" },
		      { 1, "B", "waits", "w", 1, 0, SIZE, "", "" },
		      { 2, "B", "waits", "w", 0, 0, SIZE, "", "" },
		      { 3, "C", "waits", "r", 0, 0, SIZE, "", "" });
}

/*
 *   C ──> B ──> A        and all of it is over before the tool looks
 */
TOOL_TEST(chain, over_is_not_shown)
{
	struct st_buffer *buf = self->w.buf;
	long a, b, c;

	a = as("A", self->a, buf, W, ALL);
	b = as("B", self->b, buf, W, ALL);
	c = as("C", self->c, buf, W, ALL);
	ASSERT_LE(0, c);
	ASSERT_EQ(0, st_release(self->b, b));
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->c, c));
	self->report = look(&self->tool, variant->late, variant->probe);
	ASSERT_NE(NULL, self->report);
	EXPECT_TRUE(chains_are(self->report, &self->w, NULL, 0));
	EXPECT_EQ(1, tool_summary(self->report, "cpu_held"));
	EXPECT_EQ(0, tool_summary(self->report, "waiting"));
}

/*
 *   D ──> job, fence context:seqno        a DMA job is in the way
 */
TOOL_TEST(chain, down_to_the_fence)
{
	struct st_buffer *buf = self->w.buf;
	struct dst_fence dst;
	char name[48];
	long job, fence;

	tool_name("driver");
	fence = st_fence_new(self->w.test, &dst);
	ASSERT_LE(0, fence);
	job = st_sync_locked(self->w.test, buf->fd, DMA_W, 0, 2 * ST_PAGE, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_LE(0, as("D", self->d, buf, R, ST_PAGE, ST_PAGE));
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)dst.context,
		 (unsigned long long)dst.seqno);
	/* An event tells which thread asked, the snapshot what the driver calls its owner. */
	EXPECT_CHAINS({ 0, variant->late ? "dmabuf_sync_tes" : "driver", "runs", "dma-w",
		      0, 0, 2 * ST_PAGE, name, "" },
		      { 1, "D", "waits", "r", 0, ST_PAGE, ST_PAGE, "", "" });
	EXPECT_EQ(1, tool_summary(self->report, "dma_held"));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
}

/*
 *   B ──> A ··> fence of a stock driver        A holds, but is not there yet
 */
TOOL_TEST(chain, down_to_a_stock_fence)
{
	struct st_buffer *buf = self->w.buf;
	struct dst_fence dst;
	char name[48];
	long fence;

	fence = st_fence_new(self->w.test, &dst);
	ASSERT_LE(0, fence);
	ASSERT_EQ(0, st_fence_publish(self->w.test, fence, buf->fd, DST_USAGE_WRITE));
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)dst.context,
		 (unsigned long long)dst.seqno);
	ASSERT_LE(0, as("A", self->a, buf, R, ALL));
	ASSERT_LE(0, as("B", self->b, buf, W, ALL));
	/* Who waits for which stock fence only the events tell, not the snapshot. */
	EXPECT_CHAINS({ 0, "A", variant->late ? "holds" : "fence-wait", "r", 0, 0, SIZE,
		      variant->late ? "" : name, "" },
		      { 1, "B", "waits", "w", 0, 0, SIZE, "", "" });
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
}

TEST_HARNESS_MAIN
