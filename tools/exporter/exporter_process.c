// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_process.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int process_caps[] = { CAP_BPF, CAP_PERFMON };

static bool process_keeps(int cap)
{
	return cap == CAP_BPF || cap == CAP_PERFMON;
}

/* No program that is executed gets them back. Without CAP_SETPCAP they stay, for nothing. */
static int process_drop_bounds(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!process_keeps(cap) && prctl(PR_CAPBSET_DROP, cap) && errno != EPERM)
			return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* Of those it has. */
int exporter_process_drop(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };
	uint32_t keep[2] = { 0 };
	unsigned int i;
	int err;

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (i = 0; i < sizeof(process_caps) / sizeof(process_caps[0]); i++)
		keep[process_caps[i] / 32] |= 1U << process_caps[i] % 32;
	err = process_drop_bounds();
	if (err)
		return err;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= keep[i];
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

uint64_t exporter_process_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}
