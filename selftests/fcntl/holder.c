// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: holder
 *
 * For scripts: locks bytes 16 to 47 of a dma-buf for writing, prints the buffer's inode number, and
 * stays until its standard input ends.
 */
#include "locks.h"

int main(void)
{
	struct st_buffer buf;
	char byte;

	if (st_buffer_udmabuf(&buf, ST_PAGE) || lk_try(buf.fd, F_WRLCK, 16, 32)) {
		perror("holder");
		return 1;
	}
	printf("%llu\n", (unsigned long long)buf.ino);
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}
