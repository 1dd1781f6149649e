// SPDX-License-Identifier: GPL-2.0-only
/* Prepares a dma-buf for compat.d/fcntl32.c, which is a 32-bit program, and becomes its parent. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locks.h"

int main(int argc, char **argv)
{
	struct st_buffer buf;
	char path[4096];
	int status;
	pid_t pid;

	(void)argc;
	snprintf(path, sizeof(path), "%s.d/fcntl32", argv[0]);
	if (st_buffer_udmabuf(&buf, 2 * ST_PAGE) || lk_try(buf.fd, F_WRLCK, 1LL << 32, 0)) {
		perror("compat: no locked buffer");
		return 1;
	}
	/* Of the engine, not of the kernel alone. */
	if (st_snapshot(buf.ino, NULL, 0) != 1) {
		fprintf(stderr, "compat: the lock is no access\n");
		return 1;
	}
	pid = st_fork();
	if (!pid) {
		dup2(buf.fd, 0);
		execl(path, path, NULL);
		perror(path);
		_exit(1);
	}
	status = st_child_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
