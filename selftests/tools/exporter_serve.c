// SPDX-License-Identifier: GPL-2.0-only
/* dmasync-exporter as a server: its sockets, clients, privileges, and the module's life. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "scrape.h"

#define MODULE	"dmabuf_sync"

FIXTURE(serve)
{
	struct scrape scrape;
	struct st_world w;
};

FIXTURE_SETUP(serve)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(serve)
{
	scrape_end(&self->scrape);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define START(...)	ASSERT_EQ(0, scrape_start(&self->scrape, ##__VA_ARGS__, NULL))

/* A connection, without a word so far. Return: a descriptor or a negative errno. */
static int call(const struct scrape *scrape)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(scrape->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

/* All that is answered, up to the end of the connection. */
static int answer(int fd, char *text, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t got;

	do {
		if (poll(&poll_fd, 1, ST_SOON_MS) <= 0)
			return -ETIMEDOUT;
		got = read(fd, text + len, size - 1 - len);
		len += got > 0 ? got : 0;
	} while (got > 0 && len < size - 1);
	text[len] = '\0';
	return 0;
}

/* What a request gets. */
static int ask(const struct scrape *scrape, const char *request, char *text, size_t size)
{
	int fd = call(scrape), err;

	if (fd < 0)
		return fd;
	err = dprintf(fd, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", request) < 0 ?
	      -errno : answer(fd, text, size);
	close(fd);
	return err;
}

TOOL_TEST(serve, requests)
{
	static const struct {
		const char *request, *status, *text;
	} requests[] = {
		{ "GET /metrics", "HTTP/1.1 200 ", "\r\n\r\n# HELP dmabuf_sync_up " },
		{ "GET /", "HTTP/1.1 200 ", "href=\"/metrics\"" },
		{ "GET /metrics/x", "HTTP/1.1 404 ", "/metrics" },
		{ "POST /metrics", "HTTP/1.1 405 ", "Allow: GET, HEAD" },
	};
	char text[65536];
	unsigned int i;

	START();
	for (i = 0; i < ST_ARRAY_SIZE(requests); i++) {
		ASSERT_EQ(0, ask(&self->scrape, requests[i].request, text, sizeof(text)));
		EXPECT_EQ(0, strncmp(text, requests[i].status, strlen(requests[i].status))) {
			TH_LOG("%s: %.200s", requests[i].request, text);
		}
		EXPECT_NE(NULL, strstr(text, requests[i].text));
	}
	ASSERT_EQ(0, ask(&self->scrape, "HEAD /metrics", text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "HTTP/1.1 200 ", 13));
	EXPECT_STREQ("\r\n\r\n", text + strlen(text) - 4);
}

/* Some say nothing, one says nonsense, one goes: others are answered meanwhile. */
TOOL_TEST(serve, bad_clients_are_in_nobodys_way)
{
	int silent[8], gone;
	char text[65536];
	unsigned int i;

	START();
	for (i = 0; i < ST_ARRAY_SIZE(silent); i++) {
		silent[i] = call(&self->scrape);
		ASSERT_LE(0, silent[i]);
	}
	ASSERT_LT(0, dprintf(silent[0], "\x01\x02 nonsense\r\n\r\n"));
	gone = call(&self->scrape);
	ASSERT_LE(0, gone);
	ASSERT_LT(0, dprintf(gone, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	close(gone);
	ASSERT_EQ(0, ask(&self->scrape, "GET /metrics", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "dmabuf_sync_up 1\n"));
	for (i = 0; i < ST_ARRAY_SIZE(silent); i++)
		close(silent[i]);
}

/* A socket that listens on a port that is free. */
static int listener(unsigned int *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(addr);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		return -errno;
	*port = ntohs(addr.sin_port);
	return fd;
}

/* As a service manager starts it: with a socket as descriptor 3, and told so. */
#define ACTIVATE "exec env LISTEN_PID=$$ LISTEN_FDS=%s \"$0\" \"$@\" 3<&%d"

TOOL_TEST(serve, socket_activation)
{
	char script[128], *args[] = {
		"/bin/bash", "-c", script, (char *)scrape_program(), "--min-interval", "0", NULL,
	};
	unsigned int port;
	int fd = listener(&port);

	ASSERT_LE(0, fd);
	snprintf(script, sizeof(script), ACTIVATE, "1", fd);
	ASSERT_EQ(0, scrape_start_says(&self->scrape, ": attached by ", args));
	close(fd);
	EXPECT_EQ(port, self->scrape.port);
	ASSERT_EQ(0, scrape_read(&self->scrape, "openmetrics"));
	EXPECT_EQ(1, scrape_value(&self->scrape, "dmabuf_sync_up", ""));
}

/* Each wrong word gets a sentence, and exit status 64; what cannot be done 1. */
TOOL_TEST(serve, wrong_options)
{
	static const struct {
		const char *options, *text;
		int status;
	} wrong[] = {
		{ "--listen nowhere", "'nowhere' is not ADDRESS:PORT", 1 },
		{ "--listen 127.0.0.1:99999", "'127.0.0.1:99999' is not ADDRESS:PORT", 1 },
		{ "--listen ::1:80", "'::1:80' is not ADDRESS:PORT", 1 },
		{ "--listen localhost:80", "'localhost:80' is not ADDRESS:PORT", 1 },
		{ "--listen 192.0.2.1:9788",
		  "cannot listen on 192.0.2.1:9788: Cannot assign requested address", 1 },
		{ "--label-by pid", "'pid' is none of exporter, name and none", 64 },
		{ "--max-labels 0", "'0' is not a number from 1 to 200", 64 },
		{ "--max-labels 201", "'201' is not a number from 1 to 200", 64 },
		{ "--min-interval -1", "'-1' is not a number of seconds from 0", 64 },
		{ "--min-interval x", "'x' is not a number of seconds", 64 },
		{ "--max-buffers 1k", "'1k' is not a number", 64 },
		{ "metrics", "'metrics': there are no arguments", 64 },
	};
	char command[256], text[4096];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(wrong); i++) {
		snprintf(command, sizeof(command), "exec 2>&1; %s %s", scrape_program(),
			 wrong[i].options);
		EXPECT_EQ(wrong[i].status, tool_shell(command, text, sizeof(text)));
		EXPECT_NE(NULL, strstr(text, wrong[i].text)) {
			TH_LOG("%s: %s", wrong[i].options, text);
		}
	}
}

/* Descriptors that are no sockets, or more than there is room for; and a choice of two. */
TOOL_TEST(serve, wrong_sockets)
{
	static const struct {
		const char *nr, *file, *options, *text;
	} wrong[] = {
		{ "1", "/dev/null", "", "descriptor 3 is not a socket that listens: use" },
		{ "9", "/dev/null", "", "9 sockets are handed over, and there is room for 8" },
		{ "-1", "/dev/null", "", "-1 sockets are handed over" },
	};
	char command[512], text[4096];
	unsigned int i, port;
	int fd;

	for (i = 0; i < ST_ARRAY_SIZE(wrong); i++) {
		snprintf(command, sizeof(command),
			 "exec sh -c 'exec env LISTEN_PID=$$ LISTEN_FDS=%s %s %s 3< %s 2>&1'",
			 wrong[i].nr, scrape_program(), wrong[i].options, wrong[i].file);
		EXPECT_EQ(1, tool_shell(command, text, sizeof(text)));
		EXPECT_NE(NULL, strstr(text, wrong[i].text)) {
			TH_LOG("%s", text);
		}
	}
	fd = listener(&port);
	ASSERT_LE(0, fd);
	snprintf(command, sizeof(command),
		 "exec bash -c 'exec env LISTEN_PID=$$ LISTEN_FDS=1 %s -l 127.0.0.1:0 3<&%d 2>&1'",
		 scrape_program(), fd);
	EXPECT_EQ(1, tool_shell(command, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "set ListenStream= of the socket unit instead"));
	close(fd);
}

/* A capability set of a process, as /proc has it. */
static uint64_t caps_of(pid_t pid, const char *set)
{
	char path[64], line[256];
	uint64_t caps = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, set, strlen(set)))
			caps = strtoull(line + strlen(set), NULL, 16);
	if (file)
		fclose(file);
	return caps;
}

#define NEEDED	(1ULL << CAP_BPF | 1ULL << CAP_PERFMON)

TOOL_TEST(serve, root_gives_up_privileges)
{
	static const char *const sets[] = { "CapPrm:", "CapEff:", "CapBnd:" };
	unsigned int i;

	START();
	for (i = 0; i < ST_ARRAY_SIZE(sets); i++)
		EXPECT_EQ(NEEDED, caps_of(self->scrape.tool.pid, sets[i]));
	EXPECT_EQ(0, caps_of(self->scrape.tool.pid, "CapInh:"));
}

/* The same for a user who has no more than that. */
TOOL_TEST(serve, least_privilege_is_enough)
{
	self->scrape.tool.least = true;
	START();
	EXPECT_EQ(NEEDED, caps_of(self->scrape.tool.pid, "CapEff:"));
	ASSERT_EQ(0, tool_use("test", self->w.ctx[0], &self->w.buf[0], 3));
	ASSERT_EQ(0, scrape_read(&self->scrape, "openmetrics"));
	EXPECT_EQ(3, scrape_value(&self->scrape, "dmabuf_sync_accesses_total",
				  "exporter=udmabuf"));
	/* That it cannot see all is told. */
	EXPECT_EQ(1, scrape_value(&self->scrape, "dmabuf_sync_unseen",
				  "what=accesses_before_start"));
	EXPECT_EQ(1, scrape_value(&self->scrape, "dmabuf_sync_unseen", "what=own_cost"));
	EXPECT_EQ(0, scrape_nr(&self->scrape, "dmabuf_sync_exporter_bpf_seconds_total"));
}

TOOL_TEST(serve, no_privilege_is_an_error)
{
	char command[256], text[1024];

	snprintf(command, sizeof(command), "exec 2>&1; setpriv --reuid=65534 --clear-groups %s",
		 scrape_program());
	EXPECT_EQ(1, tool_shell(command, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "neither CAP_SYS_ADMIN nor CAP_BPF with CAP_PERFMON")) {
		TH_LOG("%s", text);
	}
}

/* The module, and those that use it, which are loaded again in the end. */
FIXTURE(module)
{
	struct scrape scrape;
	struct st_buffer buf;
};

static const char *const modules[] = { MODULE, "dma_sim", "dmabuf_copy", "dmabuf_sync_test" };

static bool unload_all(void)
{
	unsigned int i = ST_ARRAY_SIZE(modules);
	bool gone = true;

	while (i-- && gone)
		gone = st_module_unload(modules[i]);
	return gone;
}

FIXTURE_SETUP(module)
{
	if (st_framework_is_built_in())
		SKIP(return, MODULE " is built into this kernel: there is no module");
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, ST_PAGE));
	ASSERT_TRUE(unload_all());
}

FIXTURE_TEARDOWN(module)
{
	unsigned int i;

	scrape_end(&self->scrape);
	if (st_framework_is_built_in())
		return;
	for (i = 0; i < ST_ARRAY_SIZE(modules); i++)
		if (st_module_users(modules[i]) < 0)
			EXPECT_EQ(0, st_module_load(modules[i], ""));
	st_buffer_close(&self->buf);
}

static double value(struct scrape *scrape, const char *name, const char *labels)
{
	return scrape_read(scrape, "openmetrics") ? -1 : scrape_value(scrape, name, labels);
}

static int use(const struct st_buffer *buf, unsigned int nr)
{
	int ctx = st_context_open(), err;

	if (ctx < 0)
		return ctx;
	err = tool_use("test", ctx, buf, nr);
	close(ctx);
	return err;
}

/* Not there, there, let go and unloaded, there again: one exporter, whose counters go on. */
TOOL_TEST(module, comes_and_goes)
{
	char *args[6] = {
		(char *)scrape_program(), "-l", "127.0.0.1:0", "--min-interval", "0",
	};
	const char *label = "exporter=udmabuf";
	struct scrape *scrape = &self->scrape;

	ASSERT_EQ(0, scrape_start_says(scrape, "waiting for dmabuf_sync.ko", args));
	EXPECT_EQ(0, value(scrape, "dmabuf_sync_up", ""));
	EXPECT_EQ(1, scrape_value(scrape, "dmabuf_sync_unseen", "what=module"));
	ASSERT_EQ(0, st_module_load(MODULE, ""));
	ASSERT_TRUE(tool_says(&scrape->tool, "attached by "));
	ASSERT_EQ(0, use(&self->buf, 2));
	EXPECT_EQ(2, value(scrape, "dmabuf_sync_accesses_total", label));
	ASSERT_EQ(0, use(&self->buf, 3));
	ASSERT_EQ(0, kill(scrape->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&scrape->tool, "detached from dmabuf_sync.ko on request"));
	EXPECT_EQ(0, value(scrape, "dmabuf_sync_up", ""));
	/* What came since somebody asked is not forgotten. */
	EXPECT_EQ(5, scrape_value(scrape, "dmabuf_sync_accesses_total", label));
	ASSERT_TRUE(st_module_unload(MODULE));
	ASSERT_TRUE(tool_says(&scrape->tool, "waiting for dmabuf_sync.ko: it was unloaded"));
	ASSERT_EQ(0, st_module_load(MODULE, ""));
	ASSERT_TRUE(tool_says(&scrape->tool, "attached by "));
	ASSERT_EQ(0, use(&self->buf, 4));
	EXPECT_EQ(9, value(scrape, "dmabuf_sync_accesses_total", label));
	EXPECT_EQ(1, scrape_value(scrape, "dmabuf_sync_up", ""));
	ASSERT_EQ(0, kill(scrape->tool.pid, SIGUSR1));
	ASSERT_TRUE(tool_says(&scrape->tool, "detached from "));
}

TEST_HARNESS_MAIN
