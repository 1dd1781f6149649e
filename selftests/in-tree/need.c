// SPDX-License-Identifier: GPL-2.0-only
/*
 * In each test program: before main(), loads what the tests need, or skips them all. The test
 * module is none of the kernel's: it lies beside the program.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SKIP	4

static const char *const modules[] = {
	"dmabuf_sync", "dma_sim", "dmabuf_copy", "dmabuf_sync_test",
};

/* Also for one that is built in: each has parameters. */
static bool is_there(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static bool load(const char *module)
{
	char command[128];

	snprintf(command, sizeof(command), "{ modprobe -q %s || insmod ./%s.ko; } 2>/dev/null",
		 module, module);
	return !system(command) || is_there(module);
}

__attribute__((constructor)) static void need_modules(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (is_there(modules[i]) || load(modules[i]))
			continue;
		printf("1..0 # SKIP %s is not there: it needs root, and a kernel with the options of tools/testing/selftests/dmabuf-sync/config\n",
		       modules[i]);
		fflush(stdout);
		_exit(SKIP);
	}
}
