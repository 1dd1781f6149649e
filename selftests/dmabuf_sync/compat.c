// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prepares contexts and a dma-buf for compat.d/context32.c, which is a 32-bit program, and becomes
 * its parent.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "st.h"

int main(int argc, char **argv)
{
	struct st_buffer buf;
	char path[4096];
	int ctx, status;
	pid_t pid;

	(void)argc;
	snprintf(path, sizeof(path), "%s.d/context32", argv[0]);
	ctx = st_context_open();
	if (st_buffer_udmabuf(&buf, 2 * ST_PAGE) ||
	    st_lock(ctx, buf.fd, DMA_BUF_ACCESS_W, ST_PAGE, 100, 0) < 0) {
		perror("compat: no locked buffer");
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
