// SPDX-License-Identifier: GPL-2.0-only
#include "top_unseen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snapshot.h"

#define BTF	"/sys/kernel/btf/vmlinux"
/* "on", "off", or why; a framework that is part of the kernel has no hook, and no file. */
#define FCNTL	"/sys/module/dmabuf_sync/parameters/fcntl_state"

/* The name for --check, and the one for a line. */
static const char *const unseen_names[TOP_NR_SIGHTS][2] = {
	[TOP_SIGHT_MODULE] = { "dmabuf_sync.ko", "accesses (no module)" },
	[TOP_SIGHT_PROGRAMS] = { "BPF programs", "accesses (no programs)" },
	[TOP_SIGHT_STOCK] = { "the kernel's own events", "some of the kernel's own events" },
	[TOP_SIGHT_BTF] = { "tp_btf", "module's BTF" },
	[TOP_SIGHT_FCNTL] = { "fcntl locks", "fcntl (hook off)" },
	[TOP_SIGHT_KERNEL] = { "end of buffers, stock SYNC", "end of buffers, SYNC" },
	[TOP_SIGHT_SNAPSHOT] = { "accesses from before the start", "accesses before start" },
	[TOP_SIGHT_NAMES] = { "buffers' names from before", "names before start" },
	[TOP_SIGHT_COST] = { "own cost", "own cost" },
};

#define WHY(unseen, sight, ...) \
	snprintf((unseen)->why[sight], sizeof((unseen)->why[sight]), __VA_ARGS__)

const char *top_unseen_name(enum top_sight sight)
{
	return unseen_names[sight][0];
}

static void unseen_programs(struct top_unseen *unseen, const struct session *session)
{
	if (session->state == SESSION_ATTACHED && session->probe == SESSION_PROBE_STOCK)
		WHY(unseen, TOP_SIGHT_MODULE, "it is not loaded (modprobe dmabuf_sync): DMA_BUF_IOCTL_SYNC and fences of drivers are shown instead");
	if (session->state == SESSION_WAITING && !session->failed)
		WHY(unseen, TOP_SIGHT_MODULE, "it is not loaded (modprobe dmabuf_sync)");
	if (session->state != SESSION_ATTACHED)
		WHY(unseen, TOP_SIGHT_PROGRAMS, "%s", session->failed ||
		    session->stock == SESSION_STOCK_FAILED ||
		    session->state == SESSION_DETACHED ? session->text :
		    "it is not loaded (modprobe dmabuf_sync)");
}

static void unseen_btf(struct top_unseen *unseen, const struct session *session)
{
	if (session->probe != SESSION_PROBE_TP_BTF)
		WHY(unseen, TOP_SIGHT_BTF, "the module has no BTF, or this user may not read it; raw_tp shows the same");
}

static void unseen_fcntl(struct top_unseen *unseen)
{
	char state[128] = "on";
	FILE *file = fopen(FCNTL, "re");

	if (!file)
		return;
	if (fgets(state, sizeof(state), file))
		state[strcspn(state, "\n")] = '\0';
	fclose(file);
	if (strcmp(state, "on"))
		WHY(unseen, TOP_SIGHT_FCNTL, "the hook is %s: record locks of dma-bufs are the kernel's own; load the module with fcntl=1",
		    state);
}

static void unseen_kernel(struct top_unseen *unseen, const struct top_source *source)
{
	if (source->ends_error)
		WHY(unseen, TOP_SIGHT_KERNEL, "%s%s", strerror(-source->ends_error),
		    access(BTF, R_OK) ?
		    "; there is no " BTF ": use a kernel with CONFIG_DEBUG_INFO_BTF" :
		    "; -v shows the details");
}

/* Of what only the module tells, and of what the kernel has told of before. */
static void unseen_stock(struct top_unseen *unseen, const struct top_source *source)
{
	if (source->stock_missing[0])
		WHY(unseen, TOP_SIGHT_STOCK, "not those of %s, which this kernel does not have for programs",
		    source->stock_missing);
	WHY(unseen, TOP_SIGHT_BTF, "there is no module");
	WHY(unseen, TOP_SIGHT_FCNTL, "there is no module: record locks of dma-bufs keep nobody from them");
	WHY(unseen, TOP_SIGHT_SNAPSHOT, "there is no module: fences and CPU accesses are seen that began after the start");
}

static void unseen_past(struct top_unseen *unseen, const struct top_source *source)
{
	if (source->probe != SESSION_PROBE_STOCK && source->sync_error)
		WHY(unseen, TOP_SIGHT_SNAPSHOT, SNAPSHOT_PATH ": %s; %s",
		    strerror(-source->sync_error), source->sync_error == -ENOENT ?
		    "mount -t debugfs none /sys/kernel/debug" : "run it as root");
	if (access("/proc/1/fdinfo", R_OK | X_OK))
		WHY(unseen, TOP_SIGHT_NAMES, "/proc/PID/fdinfo of others is not readable: run it as root");
}

void top_unseen_find(struct top_unseen *unseen, const struct session *session,
		     const struct top_source *source)
{
	memset(unseen, 0, sizeof(*unseen));
	unseen->nr = TOP_SIGHT_PROGRAMS + 1;
	unseen_programs(unseen, session);
	if (session->state != SESSION_ATTACHED)
		return;
	unseen->nr = TOP_NR_SIGHTS;
	if (session->probe == SESSION_PROBE_STOCK) {
		unseen_stock(unseen, source);
	} else {
		unseen_btf(unseen, session);
		unseen_fcntl(unseen);
	}
	unseen_kernel(unseen, source);
	unseen_past(unseen, source);
	if (source->cost.stats < 0)
		WHY(unseen, TOP_SIGHT_COST, "the kernel does not measure it for this user: run it as root");
}

/* What follows from there being no module. */
static bool unseen_follows(const struct top_unseen *unseen, unsigned int sight)
{
	return unseen->why[TOP_SIGHT_MODULE][0] && (sight == TOP_SIGHT_PROGRAMS ||
	       sight == TOP_SIGHT_BTF || sight == TOP_SIGHT_FCNTL);
}

void top_unseen_line(const struct top_unseen *unseen, char *text, size_t size)
{
	unsigned int i;
	size_t len = 0;

	snprintf(text, size, "none");
	for (i = 0; i < unseen->nr && len < size; i++) {
		if (!unseen->why[i][0] || unseen_follows(unseen, i))
			continue;
		snprintf(text + len, size - len, "%s%s", len ? ", " : "", unseen_names[i][1]);
		len = strlen(text);
	}
}
