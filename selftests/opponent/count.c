// SPDX-License-Identifier: GPL-2.0-only
/* What debug builds of the framework count, in parameters of the module. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "opponent.h"

int op_count_reset(const char *count)
{
	int fd = open(count, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

long op_count_read(const char *count)
{
	char text[32] = "";
	int fd = open(count, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len > 0 ? atol(text) : -EIO;
}
