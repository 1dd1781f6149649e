// SPDX-License-Identifier: GPL-2.0-only
#include "top_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snapshot.h"

#define BTF	"/sys/kernel/btf/vmlinux"

/* @why: why not, and what to do; NULL: it is available. */
static void check_say(const char *what, const char *why)
{
	printf("%-32s %s%s\n", what, why ? "no: " : "yes", why ?: "");
}

static const char *check_module(const struct session *session)
{
	return session->state == SESSION_WAITING ?
	       "it is not loaded (modprobe dmabuf_sync)" : NULL;
}

static const char *check_btf(const struct session *session)
{
	if (session->state != SESSION_ATTACHED || session->probe == SESSION_PROBE_TP_BTF)
		return NULL;
	return "the module has no BTF, or this user may not read it; raw_tp shows the same";
}

static const char *check_kernel(const struct top_source *source, char *why, size_t size)
{
	if (!source->ends_error)
		return NULL;
	snprintf(why, size, "%s%s", strerror(-source->ends_error),
		 access(BTF, R_OK) ?
		 "; there is no " BTF ": use a kernel with CONFIG_DEBUG_INFO_BTF" :
		 "; -v shows the details");
	return why;
}

static const char *check_snapshot(const struct top_source *source, char *why, size_t size)
{
	if (!source->sync_error)
		return NULL;
	snprintf(why, size, SNAPSHOT_PATH ": %s; %s", strerror(-source->sync_error),
		 source->sync_error == -ENOENT ? "mount -t debugfs none /sys/kernel/debug" :
		 "run it as root");
	return why;
}

static const char *check_names(void)
{
	return access("/proc/1/fdinfo", R_OK | X_OK) ?
	       "/proc/PID/fdinfo of others is not readable: run it as root" : NULL;
}

int top_check(struct session *session, struct top_source *source)
{
	char why[512];
	int ret;

	ret = session_update(session);
	check_say("dmabuf_sync.ko", check_module(session));
	check_say("BPF programs", ret < 0 ? session->text : check_module(session));
	if (session->state != SESSION_ATTACHED)
		return 1;
	check_say("tp_btf", check_btf(session));
	check_say("end of buffers, stock SYNC", check_kernel(source, why, sizeof(why)));
	check_say("accesses from before the start", check_snapshot(source, why, sizeof(why)));
	check_say("buffers' names from before", check_names());
	check_say("own cost", source->cost.stats >= 0 ? NULL :
		  "the kernel does not measure it for this user: run it as root");
	return 0;
}
