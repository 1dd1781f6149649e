// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks of a 32-bit program, with struct flock and struct flock64. Standard input is a
 * dma-buf of 8192 bytes, which a 64-bit process has locked for writing from 2^32 on.
 *
 * Its own program, not linked with the library, which is 64-bit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system calls themselves: libc would turn one form into the other. */
#define F_GETLK_32	5
#define F_SETLK_32	6
#define F_SETLKW_32	7
#define F_GETLK_64	12
#define F_SETLK_64	13
#define F_SETLKW_64	14

struct flock_32 {
	short l_type, l_whence;
	int l_start, l_len, l_pid;
};

struct flock_64 {
	short l_type, l_whence;
	long long l_start, l_len;	/* aligned to 4 bytes, as the ABI has it */
	int l_pid;
};

static int nr, failed;

static void check(const char *what, int ok)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++nr, what);
	failed |= !ok;
}

static int call(int cmd, void *fl)
{
	return syscall(SYS_fcntl64, 0, cmd, fl) ? -errno : 0;
}

static int lock_32(int cmd, int type, int whence, int start, int len, struct flock_32 *fl)
{
	*fl = (struct flock_32){ type, whence, start, len, 0 };
	return call(cmd, fl);
}

static int lock_64(int cmd, int type, int whence, long long start, long long len,
		   struct flock_64 *fl)
{
	*fl = (struct flock_64){ type, whence, start, len, 0 };
	return call(cmd, fl);
}

int main(void)
{
	struct flock_32 a;
	struct flock_64 b;

	printf("TAP version 13\n1..12\n");
	check("this is a 32-bit program", sizeof(long) == 4);
	check("F_SETLK", !lock_32(F_SETLK_32, F_WRLCK, SEEK_SET, 0, 10, &a));
	check("F_SETLK64", !lock_64(F_SETLK_64, F_WRLCK, SEEK_SET, 10, 10, &b));
	check("F_SETLKW, F_SETLKW64", !lock_32(F_SETLKW_32, F_RDLCK, SEEK_SET, 5, 1, &a) &&
	      !lock_64(F_SETLKW_64, F_RDLCK, SEEK_SET, 6, 1, &b));
	check("from the end", !lock_32(F_SETLK_32, F_WRLCK, SEEK_END, -1, 1, &a));
	check("to the end of all offsets conflicts beyond 2^32",
	      lock_32(F_SETLK_32, F_RDLCK, SEEK_SET, 100, 0, &a) == -EAGAIN);
	check("beyond 2^32 with F_SETLK64",
	      lock_64(F_SETLK_64, F_WRLCK, SEEK_SET, 1LL << 32, 1, &b) == -EAGAIN &&
	      !lock_64(F_SETLK_64, F_WRLCK, SEEK_SET, (1LL << 32) - 1, 1, &b));
	check("F_GETLK: the holder's range does not fit: EOVERFLOW",
	      lock_32(F_GETLK_32, F_RDLCK, SEEK_SET, 100, 0, &a) == -EOVERFLOW);
	check("F_GETLK64", !lock_64(F_GETLK_64, F_RDLCK, SEEK_SET, 100, 0, &b) &&
	      b.l_type == F_WRLCK && b.l_start == 1LL << 32 && !b.l_len && b.l_pid == getppid());
	check("EINVAL", lock_32(F_SETLK_32, F_WRLCK, SEEK_SET, -1, 1, &a) == -EINVAL);
	check("EFAULT", call(F_SETLK_64, (void *)1) == -EFAULT);
	check("F_UNLCK", !lock_32(F_SETLK_32, F_UNLCK, SEEK_SET, 0, 0, &a));
	return failed;
}
