// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps in the framework's trees during one stretch with interrupts off or a spinlock held. Debug
 * builds count them; the parameter shows the most that was seen, and 0 written to it begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "opponent.h"

int op_steps_reset(void)
{
	int fd = open(OP_STEPS, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

long op_steps_read(void)
{
	char text[32] = "";
	int fd = open(OP_STEPS, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len > 0 ? atol(text) : -EIO;
}
