// SPDX-License-Identifier: GPL-2.0-only
/* Files of the kernel that take a word. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "st.h"

int st_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}
