// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmasync-top without dmabuf_sync.ko: CPU accesses by DMA_BUF_IOCTL_SYNC, and fences that drivers
 * have in buffers. The module is unloaded for that, and loaded again in the end.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <linux/dma-buf.h>

#include "modules.h"
#include "tool.h"

#define MODULE		"dmabuf_sync"
#define READ		DMA_BUF_SYNC_READ
#define WRITE		DMA_BUF_SYNC_WRITE
#define NR_BRACKETS	5
#define HOLD_MS		20
#define WAIT_MS		100
/* Of a process on one buffer, that are kept at once. */
#define MAX_OPEN	8
/* More processes than the tool has room for. */
#define SLEEPERS	12
#define SWINGS		2000
#define NR_FENCES	200

/* A buffer of vgem, which takes fences from everybody. */
struct gem {
	int card;
	uint32_t handle, fence;
	struct st_buffer buf;
};

/* A call of DMA_BUF_IOCTL_SYNC in a thread of its own. */
struct call {
	pthread_t thread;
	int fd, tid, ret;
	int64_t begin_ns, end_ns;
};

FIXTURE(stock_top)
{
	struct modules modules;
	struct tool tool;
	struct st_buffer buf;
	struct gem gem;
	struct json_object *report;
};

static int sync_ioctl(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

/* Hold the buffer so many times, for at least HOLD_MS each. Return: for how long, or an errno. */
static int64_t brackets(int fd, uint64_t mode, unsigned int nr)
{
	int64_t held_ns = 0, begin_ns;
	int ret = 0;

	while (nr-- && !ret) {
		ret = sync_ioctl(fd, DMA_BUF_SYNC_START | mode);
		begin_ns = st_now_ns();
		st_sleep_ms(HOLD_MS);
		held_ns += st_now_ns() - begin_ns;
		ret = ret ?: sync_ioctl(fd, DMA_BUF_SYNC_END | mode);
	}
	return ret ?: held_ns;
}

/* Threads that begin and end accesses to a buffer, each other's. */
struct swing {
	int fd;
	bool failed;
};

static void *swing_thread(void *arg)
{
	struct swing *swing = arg;
	int i, failed = 0;

	for (i = 0; i < SWINGS; i++) {
		failed |= sync_ioctl(swing->fd, DMA_BUF_SYNC_START | READ);
		failed |= sync_ioctl(swing->fd, DMA_BUF_SYNC_END | READ);
	}
	if (failed)
		__atomic_store_n(&swing->failed, true, __ATOMIC_RELEASE);
	return NULL;
}

static int gem_create(struct gem *gem)
{
	struct drm_mode_create_dumb create = { .width = ST_PAGE / 4, .height = 1, .bpp = 32 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };

	if (ioctl(gem->card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	gem->handle = create.handle;
	prime.handle = create.handle;
	if (ioctl(gem->card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	return st_buffer_from_fd(&gem->buf, prime.fd);
}

static int gem_fence(struct gem *gem, unsigned int flags)
{
	struct drm_vgem_fence_attach attach = { .handle = gem->handle, .flags = flags };

	if (ioctl(gem->card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach))
		return -errno;
	gem->fence = attach.out_fence;
	return 0;
}

static int gem_signal(struct gem *gem)
{
	struct drm_vgem_fence_signal args = { .fence = gem->fence };

	return ioctl(gem->card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args) ? -errno : 0;
}

/* Whoever signals the fence that is there, and takes it away then. */
struct signaler {
	pthread_t thread;
	struct gem *gem;
	uint32_t fence;
	bool done;
};

static void *signaler_thread(void *arg)
{
	struct signaler *signaler = arg;

	while (!__atomic_load_n(&signaler->done, __ATOMIC_ACQUIRE)) {
		if (!__atomic_load_n(&signaler->fence, __ATOMIC_ACQUIRE))
			continue;
		gem_signal(signaler->gem);
		__atomic_store_n(&signaler->fence, 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *call_thread(void *arg)
{
	struct call *call = arg;

	tool_name("reader");
	call->begin_ns = st_now_ns();
	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	call->ret = sync_ioctl(call->fd, DMA_BUF_SYNC_START | READ);
	call->end_ns = st_now_ns();
	return NULL;
}

static bool call_start(struct call *call, int fd)
{
	call->fd = fd;
	return !pthread_create(&call->thread, NULL, call_thread, call) &&
	       ST_UNTIL(__atomic_load_n(&call->tid, __ATOMIC_ACQUIRE) &&
			st_task_state(call->tid) == 'S');
}

#define STOCK_ATTACH(...) do {						\
	ASSERT_EQ(0, tool_start(&self->tool, ##__VA_ARGS__, NULL));	\
	ASSERT_TRUE(tool_says(&self->tool, ": attached to the kernel's own events")); \
} while (0)

#define LOOK() do {							\
	json_object_put(self->report);					\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
} while (0)

#define ROW(buf)	tool_row(self->report, "buffers", "ino", (buf).ino)

FIXTURE_SETUP(stock_top)
{
	self->gem.card = st_vgem_open();
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	if (st_framework_is_built_in())
		SKIP(return, MODULE " is built into this kernel: there is no module");
	if (!modules_loaded(MODULE))
		ASSERT_EQ(0, modules_load(MODULE));
	if (modules_unload_all(&self->modules, MODULE)) {
		modules_load_all(&self->modules);
		SKIP(return, "the modules are in use");
	}
}

FIXTURE_TEARDOWN(stock_top)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	st_buffer_close(&self->buf);
	if (self->gem.card >= 0) {
		st_buffer_close(&self->gem.buf);
		close(self->gem.card);
	}
	if (modules_loaded(MODULE) && self->modules.nr)
		EXPECT_EQ(0, modules_unload(MODULE));
	EXPECT_EQ(0, modules_load_all(&self->modules));
}

static struct json_object *chain_row(struct json_object *report, size_t nr)
{
	return json_object_array_get_idx(json_object_object_get(report, "chains"), nr);
}

TOOL_TEST(stock_top, cpu_accesses_and_their_times)
{
	struct json_object *row;
	int64_t held_ns;

	STOCK_ATTACH();
	held_ns = brackets(self->buf.fd, READ | WRITE, NR_BRACKETS);
	ASSERT_LT(0, held_ns);
	LOOK();
	row = ROW(self->buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(NR_BRACKETS, tool_number(row, "acquired"));
	EXPECT_EQ(0, tool_number(row, "held"));
	EXPECT_LE(held_ns / NR_BRACKETS, tool_number(row, "hold_cpu_avg_ns"));
	EXPECT_LE(held_ns, tool_number(row, "total_hold_ns"));
	EXPECT_STREQ("udmabuf", tool_text(row, "exporter"));
	EXPECT_EQ((int64_t)ST_PAGE, tool_number(row, "size_bytes"));
	EXPECT_EQ(0, tool_summary(self->report, "lost_accesses"));
	EXPECT_STREQ("stock", tool_text(json_object_object_get(self->report, "summary"),
					"probe"));
}

TOOL_TEST(stock_top, cpu_access_in_progress)
{
	struct json_object *row;

	STOCK_ATTACH();
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | WRITE));
	LOOK();
	row = ROW(self->buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "acquired"));
	EXPECT_EQ(1, tool_number(row, "held"));
	EXPECT_EQ(getpid(), tool_number(row, "holder_tgid"));
	EXPECT_STREQ("w", tool_text(row, "holder_mode"));
	EXPECT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | WRITE));
}

/* Several at once of a process: those beyond what is kept are counted as lost. */
TOOL_TEST(stock_top, more_at_once_than_are_kept)
{
	struct json_object *row;
	unsigned int i;

	STOCK_ATTACH();
	for (i = 0; i < MAX_OPEN + 2; i++)
		ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | READ));
	for (i = 0; i < MAX_OPEN + 2; i++)
		ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
	LOOK();
	row = ROW(self->buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(MAX_OPEN, tool_number(row, "acquired"));
	EXPECT_EQ(0, tool_number(row, "held"));
	EXPECT_EQ(2, tool_summary(self->report, "lost_accesses"));
}

/* Somebody else's buffer, who dies with it in his hands. */
TOOL_TEST(stock_top, killed_while_it_writes)
{
	struct json_object *row, *event;
	int status;
	pid_t pid;

	STOCK_ATTACH();
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | WRITE);
		raise(SIGKILL);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | READ));
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
	LOOK();
	row = ROW(self->buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(2, tool_number(row, "acquired"));
	EXPECT_EQ(1, tool_number(row, "abandoned"));
	EXPECT_EQ(0, tool_number(row, "held"));
	event = json_object_array_get_idx(json_object_object_get(self->report, "events"), 0);
	ASSERT_NE(NULL, event);
	EXPECT_STREQ("abandoned", tool_text(event, "event"));
	EXPECT_EQ(pid, tool_number(event, "tgid"));
}

/* What another process does is filtered out. */
TOOL_TEST(stock_top, of_one_process)
{
	struct json_object *row;
	char pid[16];
	int status;
	pid_t child;

	snprintf(pid, sizeof(pid), "%d", getpid());
	STOCK_ATTACH("--pid", pid);
	ASSERT_LT(0, brackets(self->buf.fd, READ, 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(brackets(self->buf.fd, WRITE, 2) > 0 ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	LOOK();
	row = ROW(self->buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "acquired"));
	EXPECT_EQ(1, tool_number(row, "released"));
}

/* A buffer that goes takes its accesses with it. */
TOOL_TEST(stock_top, buffer_gone_while_it_is_read)
{
	struct st_buffer buf;

	STOCK_ATTACH();
	ASSERT_EQ(0, st_buffer_udmabuf(&buf, ST_PAGE));
	ASSERT_EQ(0, sync_ioctl(buf.fd, DMA_BUF_SYNC_START | READ));
	st_buffer_close(&buf);
	LOOK();
	EXPECT_EQ(0, tool_summary(self->report, "cpu_held"));
	EXPECT_EQ(1, tool_summary(self->report, "acquired"));
}

/* Accesses that are over leave nothing behind, however many processes that had some still live. */
TOOL_TEST(stock_top, accesses_that_are_over_take_no_room)
{
	int ready[2], go[2];
	pid_t pids[SLEEPERS];
	unsigned int i;
	char byte = 0;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	STOCK_ATTACH("--max-buffers", "8");
	for (i = 0; i < SLEEPERS; i++) {
		pids[i] = st_fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i]) {
			byte = brackets(self->buf.fd, READ, 1) > 0;
			_exit(write(ready[1], &byte, 1) != 1 ||
			      read(go[0], &byte, 1) != 1);
		}
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		ASSERT_EQ(1, byte);
	}
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | READ));
	LOOK();
	EXPECT_EQ(SLEEPERS + 1, tool_number(ROW(self->buf), "acquired"));
	EXPECT_EQ(1, tool_number(ROW(self->buf), "held"));
	EXPECT_EQ(0, tool_summary(self->report, "lost_accesses"));
	for (i = 0; i < SLEEPERS; i++)
		EXPECT_EQ(1, write(go[1], &byte, 1));
	for (i = 0; i < SLEEPERS; i++)
		EXPECT_EQ(0, st_child_wait(pids[i]));
}

/* What one thread begins another one ends, at once: none stays. */
TOOL_TEST(stock_top, threads_end_what_others_begin)
{
	struct swing swing = { .fd = self->buf.fd };
	pthread_t threads[4];
	unsigned int i;

	STOCK_ATTACH();
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, swing_thread, &swing));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	for (i = 0; i < MAX_OPEN; i++)
		ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
	LOOK();
	EXPECT_EQ(0, swing.failed);
	EXPECT_EQ(0, tool_summary(self->report, "cpu_held"));
	EXPECT_EQ(0, tool_number(ROW(self->buf), "held"));
}

/* The end of an access in a mode that nobody has begun is nobody's. */
TOOL_TEST(stock_top, end_in_another_mode)
{
	STOCK_ATTACH();
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | WRITE));
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
	LOOK();
	EXPECT_EQ(1, tool_number(ROW(self->buf), "held"));
	EXPECT_STREQ("w", tool_text(ROW(self->buf), "holder_mode"));
}

/* Names that would be words of a terminal are text. */
TOOL_TEST(stock_top, name_with_control_characters)
{
	const char *text;

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "\033[2J\n\"x"));
	STOCK_ATTACH();
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | READ));
	ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
	LOOK();
	ASSERT_NE(NULL, ROW(self->buf));
	text = tool_text(ROW(self->buf), "name");
	EXPECT_NE(0, text[0]);
	EXPECT_EQ(NULL, strpbrk(text, "\033\n"));
}

/* The fence is a job, and who waits for it stands below it. */
TOOL_TEST(stock_top, waits_for_a_driver)
{
	struct json_object *row, *chain;
	struct call call = { 0 };

	if (self->gem.card < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(&self->gem));
	STOCK_ATTACH();
	ASSERT_EQ(0, gem_fence(&self->gem, VGEM_FENCE_WRITE));
	ASSERT_TRUE(call_start(&call, self->gem.buf.fd));
	st_sleep_ms(WAIT_MS);
	LOOK();
	ASSERT_EQ(0, gem_signal(&self->gem));
	ASSERT_EQ(0, pthread_join(call.thread, NULL));
	EXPECT_EQ(0, call.ret);
	row = ROW(self->gem.buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "waiting"));
	EXPECT_EQ(1, tool_number(row, "syncs"));
	EXPECT_EQ(1, tool_number(row, "cpu_behind_dma"));
	EXPECT_EQ(1, tool_number(row, "acquired"));
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(row, "sync_wait_ns"));
	EXPECT_GE(st_now_ns() - call.begin_ns, tool_number(row, "sync_wait_ns"));
	chain = chain_row(self->report, 0);
	ASSERT_NE(NULL, chain);
	EXPECT_STREQ("runs", tool_text(chain, "state"));
	EXPECT_STREQ("dma-w", tool_text(chain, "mode"));
	EXPECT_STREQ("vgem", tool_text(chain, "driver"));
	EXPECT_EQ(1, tool_number(chain, "blocks"));
	chain = chain_row(self->report, 1);
	ASSERT_NE(NULL, chain);
	EXPECT_STREQ("sync-wait", tool_text(chain, "state"));
	EXPECT_STREQ("reader", tool_text(chain, "comm"));
	EXPECT_EQ(1, tool_number(chain, "depth"));
	EXPECT_EQ(call.tid, tool_number(chain, "tid"));
	EXPECT_EQ(NULL, chain_row(self->report, 2));
}

/* The job ends with its fence; by then the reader has the buffer. */
TOOL_TEST(stock_top, fence_that_has_signaled)
{
	struct json_object *row;
	struct call call = { 0 };

	if (self->gem.card < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(&self->gem));
	STOCK_ATTACH();
	ASSERT_EQ(0, gem_fence(&self->gem, VGEM_FENCE_WRITE));
	ASSERT_TRUE(call_start(&call, self->gem.buf.fd));
	st_sleep_ms(WAIT_MS);
	ASSERT_EQ(0, gem_signal(&self->gem));
	ASSERT_EQ(0, pthread_join(call.thread, NULL));
	EXPECT_EQ(0, call.ret);
	LOOK();
	row = ROW(self->gem.buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(0, tool_number(row, "waiting"));
	EXPECT_EQ(2, tool_number(row, "acquired"));
	EXPECT_EQ(1, tool_number(row, "held"));
	EXPECT_EQ(1, tool_number(row, "cpu_behind_dma"));
	EXPECT_LE(WAIT_MS * ST_NSEC_PER_MSEC, tool_number(row, "hold_dma_avg_ns"));
	EXPECT_GE(call.end_ns - call.begin_ns, tool_number(row, "sync_wait_ns"));
	EXPECT_EQ(0, tool_summary(self->report, "dma_held"));
}

/* A reader does not wait for a fence that reads. The buffer is exported after the start. */
TOOL_TEST(stock_top, fence_of_a_reader)
{
	struct json_object *row;

	STOCK_ATTACH();
	if (self->gem.card < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(&self->gem));
	ASSERT_EQ(0, gem_fence(&self->gem, 0));
	ASSERT_EQ(0, sync_ioctl(self->gem.buf.fd, DMA_BUF_SYNC_START | READ));
	LOOK();
	ASSERT_EQ(0, gem_signal(&self->gem));
	row = ROW(self->gem.buf);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(2, tool_number(row, "held"));
	EXPECT_EQ(0, tool_number(row, "syncs"));
	EXPECT_EQ(1, tool_summary(self->report, "dma_held"));
}

/* Fences that signal while they are added, again and again: no job stays. */
TOOL_TEST(stock_top, fences_that_signal_at_once)
{
	struct signaler signaler = { .gem = &self->gem };
	unsigned int i;

	if (self->gem.card < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(&self->gem));
	STOCK_ATTACH();
	ASSERT_EQ(0, pthread_create(&signaler.thread, NULL, signaler_thread, &signaler));
	for (i = 0; i < NR_FENCES; i++) {
		ASSERT_EQ(0, gem_fence(&self->gem, VGEM_FENCE_WRITE));
		__atomic_store_n(&signaler.fence, self->gem.fence, __ATOMIC_RELEASE);
		ASSERT_TRUE(ST_UNTIL(!__atomic_load_n(&signaler.fence, __ATOMIC_ACQUIRE)));
	}
	__atomic_store_n(&signaler.done, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(signaler.thread, NULL));
	LOOK();
	EXPECT_EQ(NR_FENCES, tool_number(ROW(self->gem.buf), "acquired"));
	EXPECT_EQ(NR_FENCES, tool_number(ROW(self->gem.buf), "released"));
	EXPECT_EQ(0, tool_summary(self->report, "dma_held"));
}

/* A buffer that nobody has any more gets no row when its last job ends. */
TOOL_TEST(stock_top, job_outlives_its_buffer)
{
	struct drm_gem_close args;
	uint64_t ino;

	if (self->gem.card < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(&self->gem));
	STOCK_ATTACH();
	ASSERT_EQ(0, gem_fence(&self->gem, VGEM_FENCE_WRITE));
	ino = self->gem.buf.ino;
	args = (struct drm_gem_close){ .handle = self->gem.handle };
	ASSERT_EQ(0, ioctl(self->gem.card, DRM_IOCTL_GEM_CLOSE, &args));
	st_buffer_close(&self->gem.buf);
	ASSERT_EQ(0, gem_signal(&self->gem));
	LOOK();
	EXPECT_EQ(NULL, tool_row(self->report, "buffers", "ino", ino));
	EXPECT_EQ(1, tool_summary(self->report, "acquired"));
	EXPECT_EQ(0, tool_summary(self->report, "dma_held"));
}

/* When the module comes its events count, and those of the kernel no longer do. */
TOOL_TEST(stock_top, module_comes_and_goes)
{
	unsigned int i;

	STOCK_ATTACH();
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, modules_load(MODULE));
		ASSERT_TRUE(tool_says(&self->tool, ": attached by "));
		ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_START | READ));
		ASSERT_EQ(0, sync_ioctl(self->buf.fd, DMA_BUF_SYNC_END | READ));
		ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
		ASSERT_TRUE(tool_says(&self->tool, "detached from " MODULE ".ko on request"));
		json_object_put(self->report);
		self->report = tool_line(&self->tool);
		ASSERT_NE(NULL, self->report);
		EXPECT_EQ(0, tool_summary(self->report, "acquired"));
		ASSERT_EQ(0, modules_unload(MODULE));
		ASSERT_TRUE(tool_says(&self->tool, ": attached to the kernel's own events"));
	}
	ASSERT_LT(0, brackets(self->buf.fd, READ, 1));
	LOOK();
	ASSERT_NE(NULL, ROW(self->buf));
	EXPECT_EQ(1, tool_number(ROW(self->buf), "acquired"));
}

TOOL_TEST(stock_top, let_go_on_request)
{
	STOCK_ATTACH();
	ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&self->tool, "detached from the kernel's own events on request"));
	self->report = tool_line(&self->tool);
	ASSERT_LT(0, brackets(self->buf.fd, READ, 1));
	ASSERT_EQ(0, kill(self->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&self->tool, ": attached to the kernel's own events"));
	LOOK();
	EXPECT_EQ(0, tool_summary(self->report, "acquired"));
}

TOOL_TEST(stock_top, check)
{
	char text[4096], command[256];

	snprintf(command, sizeof(command), "%s --check", tool_program());
	EXPECT_EQ(0, tool_shell(command, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "dmabuf_sync.ko                   no: it is not loaded"))
		TH_LOG("%s", text);
	EXPECT_NE(NULL, strstr(text, "the kernel's own events          yes"))
		TH_LOG("%s", text);
}

TEST_HARNESS_MAIN
