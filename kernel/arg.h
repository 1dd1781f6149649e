/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ARG_H
#define _DSYNC_ARG_H

#include <linux/ioctl.h>
#include <linux/uaccess.h>

/* No structure of user space is larger. */
#define DSYNC_MAX_ARG	4096

int dsync_arg_read_other(void *to, size_t size, size_t min_size, const void __user *from,
			 u32 user_size);
int dsync_arg_read_sized(void *to, size_t size, size_t min_size, const void __user *from);
int dsync_arg_write(void __user *to, u32 user_size, const void *from, size_t size);

/**
 * dsync_arg_read_item() - read a structure whose size the caller has told
 * @to: the structure as we know it
 * @size: of @to
 * @min_size: of the first release: nobody can know a shorter one
 * @from: where the caller has it
 * @user_size: how large it is there
 *
 * Context: process context; sleeps.
 * Return: 0; -EINVAL: no version has that size; -E2BIG: something is set that this one does not
 * know; -EFAULT.
 */
static __always_inline int dsync_arg_read_item(void *to, size_t size, size_t min_size,
					       const void __user *from, u32 user_size)
{
	if (user_size != size)
		return dsync_arg_read_other(to, size, min_size, from, user_size);
	return copy_from_user(to, from, size) ? -EFAULT : 0;
}

/**
 * dsync_arg_read() - read a structure that tells its size in its first member
 * @to: the structure as we know it; its first member is what was checked
 * @size: of @to
 * @min_size: of the first release
 * @from: where the caller has it
 *
 * Context: process context; sleeps.
 * Return: as dsync_arg_read_item().
 */
static __always_inline int dsync_arg_read(void *to, size_t size, size_t min_size,
					  const void __user *from)
{
	/* Most callers know the same version: its size comes with all else. */
	if (likely(!copy_from_user(to, from, size) && *(u32 *)to == size))
		return 0;
	return dsync_arg_read_sized(to, size, min_size, from);
}

/**
 * dsync_arg_is_call() - does the number of an ioctl mean this call
 * @cmd: the number
 * @known: the call's, as we know it
 * @min_size: of its structure in the first release
 *
 * The number carries the size of the structure as the caller knows it, which may be another
 * version's. All else has to be the same.
 *
 * Return: true if so.
 */
static inline bool dsync_arg_is_call(unsigned int cmd, unsigned int known, size_t min_size)
{
	return !((cmd ^ known) & ~IOCSIZE_MASK) && _IOC_SIZE(cmd) >= min_size;
}

#endif /* _DSYNC_ARG_H */
