// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dmasync-exporter says of shapes that the test makes, read by the parser of Prometheus'
 * own client library (scrape.py).
 */
#include <kselftest_harness.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>

#include "scrape.h"

#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define ALL	0, DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_ACQUIRED	1000
#define NR_WAITS	10
#define NR_REFUSED	7
#define HOLD_MS		20
/* The longest bucket that none of these waits can be in, and one that most are in or above. */
#define SHORT_LE	"0.016777216"
#define LABEL		"exporter=udmabuf"

FIXTURE(exporter)
{
	struct st_world w;
	struct scrape scrape;
	struct st_buffer *buf;
	int a, b;
};

FIXTURE_SETUP(exporter)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->buf = &self->w.buf[0];
	self->a = self->w.ctx[0];
	self->b = self->w.ctx[1];
}

FIXTURE_TEARDOWN(exporter)
{
	scrape_end(&self->scrape);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define START(...)	ASSERT_EQ(0, scrape_start(&self->scrape, ##__VA_ARGS__, NULL))
#define READ()		ASSERT_EQ(0, scrape_read(&self->scrape, "openmetrics"))
#define VALUE(name, labels)	scrape_value(&self->scrape, "dmabuf_sync_" name, labels)

TOOL_TEST(exporter, every_access)
{
	int64_t begin_ns;
	unsigned int i;
	double held_s;

	START();
	begin_ns = st_now_ns();
	for (i = 0; i < NR_ACQUIRED; i++)
		ASSERT_EQ(0, st_release(self->a, st_lock_all(self->a, self->buf->fd, W, 0)));
	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	for (i = 0; i < NR_REFUSED; i++)
		ASSERT_EQ(-EAGAIN, st_lock_all(self->b, self->buf->fd, R, TRY));
	READ();
	held_s = VALUE("hold_seconds_total", LABEL ",agent=cpu");
	EXPECT_EQ(1, VALUE("up", ""));
	EXPECT_EQ(NR_ACQUIRED + 1, VALUE("accesses_total", LABEL));
	EXPECT_EQ(NR_ACQUIRED, VALUE("releases_total", LABEL ",agent=cpu"));
	EXPECT_EQ(0, VALUE("releases_total", LABEL ",agent=dma"));
	EXPECT_LT(0, held_s);
	EXPECT_GT((st_now_ns() - begin_ns) / 1e9, held_s);
	EXPECT_EQ(1, VALUE("accesses_held", LABEL ",agent=cpu"));
	EXPECT_EQ(NR_REFUSED, VALUE("failed_requests_total", LABEL));
	EXPECT_EQ(1, VALUE("buffers", LABEL));
	EXPECT_EQ(ST_WORLD_PAGES * ST_PAGE, VALUE("buffer_bytes", LABEL));
	EXPECT_EQ(0, VALUE("accesses_total", "exporter=other"));
	EXPECT_LE(3 * NR_ACQUIRED, VALUE("exporter_bpf_runs_total", ""));
	EXPECT_LT(0, VALUE("exporter_bpf_seconds_total", ""));
}

/* N waits behind each other, of these agents: each as long as the other one held. */
static int waits_make(const struct st_owner *holder, const struct st_owner *waiter, int fd)
{
	long held, waits;
	unsigned int i;
	int err = 0;

	for (i = 0; i < NR_WAITS && !err; i++) {
		struct dmabuf_sync_access access = st_access(fd, W | waiter->agent, ALL);

		held = st_owner_try(holder, fd, W, ALL);
		waits = st_owner_queue(waiter, &access, 1);
		if (held < 0 || waits < 0)
			return -EIO;
		st_sleep_ms(HOLD_MS);
		err = st_owner_release(holder, held) ?: st_owner_result(waiter, waits) ?:
		      st_owner_release(waiter, waits);
	}
	return err;
}

static struct st_owner owner_of(const struct st_world *w, unsigned int nr, bool dma)
{
	return (struct st_owner){
		.driver = dma,
		.agent = dma ? DMA_BUF_ACCESS_DMA : 0,
		.fd = dma ? w->test : w->ctx[nr],
	};
}

/* The samples of one cause, after all waits with it: none in buckets too short for it. */
static void causes_check(struct __test_metadata *_metadata, const struct scrape *scrape,
			 const char *cause, double longest_s)
{
	const char *count = "dmabuf_sync_wait_seconds_count";
	const char *bucket = "dmabuf_sync_wait_seconds_bucket";
	char labels[96], le[128];
	double sum_s;

	snprintf(labels, sizeof(labels), LABEL ",cause=%s", cause);
	EXPECT_EQ(NR_WAITS, scrape_value(scrape, count, labels));
	sum_s = scrape_value(scrape, "dmabuf_sync_wait_seconds_sum", labels);
	EXPECT_LE(NR_WAITS * HOLD_MS / 1e3, sum_s);
	EXPECT_GT(longest_s, sum_s);
	snprintf(le, sizeof(le), "%s,le=" SHORT_LE, labels);
	EXPECT_EQ(0, scrape_value(scrape, bucket, le));
	snprintf(le, sizeof(le), "%s,le=+Inf", labels);
	EXPECT_EQ(NR_WAITS, scrape_value(scrape, bucket, le));
}

TOOL_TEST(exporter, each_wait_has_its_cause)
{
	static const struct {
		const char *name;
		bool dma_waits, dma_holds;
	} causes[] = {
		{ "cpu_behind_cpu", false, false },
		{ "cpu_behind_dma", false, true },
		{ "dma_behind_cpu", true, false },
		{ "dma_behind_dma", true, true },
	};
	struct st_owner holder, waiter;
	int64_t begin_ns;
	unsigned int i;
	double ended_s;

	START();
	begin_ns = st_now_ns();
	for (i = 0; i < ST_ARRAY_SIZE(causes); i++) {
		holder = owner_of(&self->w, 0, causes[i].dma_holds);
		waiter = owner_of(&self->w, 1, causes[i].dma_waits);
		ASSERT_EQ(0, waits_make(&holder, &waiter, self->buf->fd));
	}
	ended_s = (st_now_ns() - begin_ns) / 1e9;
	READ();
	for (i = 0; i < ST_ARRAY_SIZE(causes); i++)
		causes_check(_metadata, &self->scrape, causes[i].name, ended_s);
	EXPECT_EQ(ST_ARRAY_SIZE(causes) * NR_WAITS,
		  scrape_sum(&self->scrape, "dmabuf_sync_wait_seconds_count", ""));
	EXPECT_EQ(0, scrape_sum(&self->scrape, "dmabuf_sync_waits_in_progress", ""));
}

/* Time in which the CPU kept others waiting, by who that was. */
TOOL_TEST(exporter, stall_has_its_cause)
{
	static const char *const causes[] = { "cause=cpu_for_cpu", "cause=dma_for_cpu" };
	struct st_owner holder, waiter;
	int64_t begin_ns;
	unsigned int i;
	double ended_s;

	START();
	for (i = 0; i < ST_ARRAY_SIZE(causes); i++) {
		holder = owner_of(&self->w, 0, false);
		waiter = owner_of(&self->w, 1, i);
		READ();
		EXPECT_EQ(0, VALUE("stall_seconds_total", causes[i]));
		begin_ns = st_now_ns();
		ASSERT_EQ(0, waits_make(&holder, &waiter, self->buf->fd));
		ended_s = (st_now_ns() - begin_ns) / 1e9;
		READ();
		EXPECT_LE(NR_WAITS * HOLD_MS / 1e3, VALUE("stall_seconds_total", causes[i]));
		EXPECT_GT(ended_s, VALUE("stall_seconds_total", causes[i]));
	}
	EXPECT_EQ(0, VALUE("stall_seconds_total", "cause=cpu_for_dma"));
	EXPECT_EQ(0, VALUE("overlap_seconds_total", ""));
}

/* One that is not over is told, too: who waits, for how long, and that it is over then. */
TOOL_TEST(exporter, wait_in_progress)
{
	int64_t before_ns, begin_ns;
	long held, waits;

	START();
	held = st_lock_all(self->a, self->buf->fd, W, 0);
	ASSERT_LE(0, held);
	before_ns = st_now_ns();
	waits = st_lock_all(self->b, self->buf->fd, R, QUEUE);
	begin_ns = st_now_ns();
	ASSERT_LE(0, waits);
	st_sleep_ms(HOLD_MS);
	READ();
	EXPECT_EQ(1, VALUE("waits_in_progress", LABEL ",cause=cpu_behind_cpu"));
	EXPECT_EQ(1, scrape_sum(&self->scrape, "dmabuf_sync_waits_in_progress", ""));
	EXPECT_LE(HOLD_MS / 1e3, VALUE("oldest_wait_seconds", LABEL));
	EXPECT_GE((st_now_ns() - before_ns) / 1e9, VALUE("oldest_wait_seconds", LABEL));
	EXPECT_EQ(0, VALUE("wait_seconds_count", LABEL ",cause=cpu_behind_cpu"));
	EXPECT_LT(begin_ns, st_now_ns());
	ASSERT_EQ(0, st_release(self->a, held));
	ASSERT_EQ(0, st_event_result(self->b, waits));
	READ();
	EXPECT_EQ(0, VALUE("waits_in_progress", LABEL ",cause=cpu_behind_cpu"));
	EXPECT_EQ(0, VALUE("oldest_wait_seconds", LABEL));
	EXPECT_EQ(1, VALUE("wait_seconds_count", LABEL ",cause=cpu_behind_cpu"));
}

/* A holds 0 and waits for 1, B holds 1 and asks for 0. */
TOOL_TEST(exporter, deadlock)
{
	int other = self->w.buf[1].fd;
	struct st_call a;

	START();
	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->b, other, W, 0));
	ASSERT_EQ(0, st_call_wait(&a, self->a, other, W));
	ASSERT_EQ(-EDEADLK, st_lock_all(self->b, self->buf->fd, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&a));
	READ();
	EXPECT_EQ(1, VALUE("deadlocks_total", LABEL));
}

TOOL_TEST(exporter, abandoned_write)
{
	START();
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->buf->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[3], self->w.buf[1].fd, R, 0));
	st_context_reopen(&self->w.ctx[2]);
	st_context_reopen(&self->w.ctx[3]);
	READ();
	/* Who only read has nothing to abandon. */
	EXPECT_EQ(1, VALUE("abandoned_writes_total", LABEL));
	EXPECT_EQ(0, VALUE("accesses_held", LABEL ",agent=cpu"));
}

TOOL_TEST(exporter, revocation)
{
	unsigned int before = st_lease_get();
	long held, set;

	START();
	held = st_lock_all(self->a, self->buf->fd, R, 0);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	set = st_lease_wait(self->b, self->buf->fd, W, NULL);
	EXPECT_EQ(0, st_lease_set(before));
	ASSERT_LE(0, set);
	ASSERT_EQ(-EOWNERDEAD, st_release(self->a, held));
	ASSERT_EQ(0, st_release(self->b, set));
	READ();
	EXPECT_EQ(1, VALUE("revocations_total", LABEL));
	EXPECT_EQ(0, VALUE("abandoned_writes_total", LABEL));
}

TOOL_TEST(exporter, dma_error)
{
	long fence, job;

	START();
	fence = st_fence_new(self->w.test, NULL);
	ASSERT_LE(0, fence);
	job = st_sync_locked(self->w.test, self->buf->fd, DMA_W, ALL, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	READ();
	EXPECT_EQ(1, scrape_sum(&self->scrape, "dmabuf_sync_jobs", ""));
	EXPECT_EQ(1, VALUE("accesses_held", LABEL ",agent=dma"));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, -EIO, 0));
	ASSERT_TRUE(st_snapshot_becomes_empty());
	READ();
	EXPECT_EQ(1, VALUE("dma_errors_total", LABEL));
	EXPECT_EQ(0, scrape_sum(&self->scrape, "dmabuf_sync_jobs", ""));
	EXPECT_EQ(1, VALUE("releases_total", LABEL ",agent=dma"));
}

/*
 *   CPU  ┌────────┐
 *   DMA      ┌────────┐
 */
TOOL_TEST(exporter, overlap)
{
	int64_t begin_ns = st_now_ns();
	long fence, job, held;
	double both_s;

	START();
	held = st_lock(self->a, self->buf->fd, W, 0, ST_PAGE, 0);
	ASSERT_LE(0, held);
	fence = st_fence_new(self->w.test, NULL);
	job = st_sync_locked(self->w.test, self->buf->fd, DMA_W, ST_PAGE, ST_PAGE,
			     DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->a, held));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	ASSERT_TRUE(st_snapshot_becomes_empty());
	READ();
	both_s = VALUE("overlap_seconds_total", "");
	EXPECT_LE(HOLD_MS / 1e3, both_s);
	EXPECT_LE(both_s, VALUE("busy_seconds_total", "agent=cpu") + 1e-3);
	EXPECT_LE(both_s, VALUE("busy_seconds_total", "agent=dma") + 1e-3);
	EXPECT_GT((st_now_ns() - begin_ns) / 1e9, VALUE("busy_seconds_total", "agent=cpu"));
}

TOOL_TEST(exporter, loss_is_told)
{
	START("--max-buffers", "1");
	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->a, self->w.buf[1].fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->a, self->w.buf[2].fd, R, 0));
	READ();
	EXPECT_EQ(2, VALUE("lost_total", "what=buffers"));
	EXPECT_EQ(0, VALUE("lost_total", "what=accesses"));
}

/* What counts never goes back: not when buffers go, nor when nothing happens. */
TOOL_TEST(exporter, counters_only_grow)
{
	struct json_object *before;
	struct st_buffer gone;
	unsigned int i;

	START();
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_buffer_udmabuf(&gone, ST_PAGE));
		ASSERT_EQ(0, tool_use("test", self->a, &gone, 1));
		ASSERT_EQ(0, tool_use("test", self->a, self->buf, 1));
		READ();
		before = json_object_get(self->scrape.samples);
		EXPECT_EQ(2 * (i + 1), VALUE("accesses_total", LABEL));
		st_buffer_close(&gone);
		READ();
		EXPECT_LT(0, scrape_nr_grown(&self->scrape, before));
		EXPECT_EQ(1, VALUE("buffers", LABEL));
		json_object_put(before);
	}
}

static int named_buffer(struct st_buffer *buf, const char *name)
{
	return st_buffer_udmabuf(buf, ST_PAGE) ?: ioctl(buf->fd, DMA_BUF_SET_NAME, name);
}

/* Of five names two have a label of their own; no access is missing. */
TOOL_TEST(exporter, labels_are_bounded)
{
	struct st_buffer bufs[5];
	char name[16];
	unsigned int i;

	START("--label-by", "name", "--max-labels", "2");
	for (i = 0; i < ST_ARRAY_SIZE(bufs); i++) {
		snprintf(name, sizeof(name), "camera %u", i);
		ASSERT_EQ(0, named_buffer(&bufs[i], name));
		ASSERT_EQ(0, tool_use("test", self->a, &bufs[i], 1));
	}
	READ();
	EXPECT_EQ(3, scrape_nr(&self->scrape, "dmabuf_sync_accesses_total"));
	EXPECT_EQ(5, scrape_sum(&self->scrape, "dmabuf_sync_accesses_total", ""));
	EXPECT_EQ(3, VALUE("accesses_total", "name=other"));
	EXPECT_EQ(3 * 4, scrape_nr(&self->scrape, "dmabuf_sync_wait_seconds_count"));
	for (i = 0; i < ST_ARRAY_SIZE(bufs); i++)
		st_buffer_close(&bufs[i]);
}

/* The waits of a name are in its histogram. */
TOOL_TEST(exporter, waits_by_name)
{
	struct st_owner holder = owner_of(&self->w, 0, false);
	struct st_owner waiter = owner_of(&self->w, 1, false);
	struct st_buffer buf;

	START("--label-by", "name");
	ASSERT_EQ(0, named_buffer(&buf, "camera"));
	ASSERT_EQ(0, waits_make(&holder, &waiter, buf.fd));
	st_buffer_close(&buf);
	READ();
	EXPECT_EQ(NR_WAITS, VALUE("wait_seconds_count", "name=camera,cause=cpu_behind_cpu"));
	EXPECT_EQ(2 * NR_WAITS, VALUE("accesses_total", "name=camera"));
}

/* A name is anybody's text: it ends no line, and no value. */
TOOL_TEST(exporter, name_of_an_attacker)
{
	struct st_buffer buf;

	START("--label-by", "name");
	ASSERT_EQ(0, named_buffer(&buf, "a\"} 1\n\\b\xff"));
	ASSERT_EQ(0, tool_use("test", self->a, &buf, 1));
	READ();
	EXPECT_EQ(1, VALUE("accesses_total", "name=a\"} 1?\\b?"));
	st_buffer_close(&buf);
}

TOOL_TEST(exporter, no_label)
{
	START("--label-by", "none");
	ASSERT_EQ(0, tool_use("test", self->a, self->buf, 3));
	READ();
	EXPECT_EQ(1, scrape_nr(&self->scrape, "dmabuf_sync_accesses_total"));
	EXPECT_EQ(3, VALUE("accesses_total", ""));
	EXPECT_EQ(4, scrape_nr(&self->scrape, "dmabuf_sync_wait_seconds_count"));
	EXPECT_EQ(0, scrape_nr_labeled(&self->scrape, "exporter"));
}

/* Whoever asks often costs nothing: the numbers are those of the last time. */
TOOL_TEST(exporter, asking_again_reads_nothing)
{
	START("--min-interval", "3600");
	ASSERT_EQ(0, tool_use("test", self->a, self->buf, 1));
	READ();
	EXPECT_EQ(1, VALUE("exporter_reads_total", ""));
	EXPECT_EQ(0, scrape_sum(&self->scrape, "dmabuf_sync_accesses_total", ""));
}

/* Both formats have the same samples, up to what time adds. */
TOOL_TEST(exporter, text_format)
{
	size_t nr;

	START();
	ASSERT_EQ(0, tool_use("test", self->a, self->buf, 2));
	READ();
	nr = json_object_array_length(self->scrape.samples);
	ASSERT_EQ(0, scrape_read(&self->scrape, "text"));
	EXPECT_EQ(nr, json_object_array_length(self->scrape.samples));
	EXPECT_EQ(2, VALUE("accesses_total", LABEL));
	EXPECT_EQ(0, VALUE("wait_seconds_bucket", LABEL ",cause=cpu_behind_cpu,le=+Inf"));
}

/* What rules and dashboard ask for is there. */
TOOL_TEST(exporter, rules_and_dashboard)
{
	char text[4096] = "";

	START();
	ASSERT_EQ(0, tool_use("test", self->a, self->buf, 1));
	EXPECT_EQ(0, scrape_run(&self->scrape, "known " PROMETHEUS "/*.yml "
				PROMETHEUS "/*.json", text, sizeof(text)))
		TH_LOG("%s", text);
}

TEST_HARNESS_MAIN
