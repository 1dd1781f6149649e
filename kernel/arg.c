// SPDX-License-Identifier: GPL-2.0-only
/*
 * Structures that user space passes, and that grow from version to version. What the caller has
 * less than we know is zero; what it has more has to be zero, or is made so.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "arg.h"

/**
 * dsync_arg_read_other() - read a structure of another size than ours
 * @to: the structure as we know it
 * @size: of @to
 * @min_size: of the first release
 * @from: where the caller has it
 * @user_size: how large it is there
 *
 * For dsync_arg_read_item(), which see.
 *
 * Context: process context; sleeps.
 * Return: 0, -EINVAL, -E2BIG or -EFAULT.
 */
int dsync_arg_read_other(void *to, size_t size, size_t min_size, const void __user *from,
			 u32 user_size)
{
	if (user_size < min_size || user_size > DSYNC_MAX_ARG)
		return -EINVAL;
	return copy_struct_from_user(to, size, from, user_size);
}

/**
 * dsync_arg_read_sized() - read a structure of another size than ours, which it tells
 * @to: the structure as we know it
 * @size: of @to
 * @min_size: of the first release
 * @from: where the caller has it
 *
 * For dsync_arg_read(), which see.
 *
 * Context: process context; sleeps.
 * Return: 0, -EINVAL, -E2BIG or -EFAULT.
 */
int dsync_arg_read_sized(void *to, size_t size, size_t min_size, const void __user *from)
{
	u32 user_size;
	int ret;

	if (get_user(user_size, (const u32 __user *)from))
		return -EFAULT;
	ret = dsync_arg_read_other(to, size, min_size, from, user_size);
	/* Another thread can have written another one meanwhile. */
	*(u32 *)to = user_size;
	return ret;
}

/**
 * dsync_arg_write() - write a structure as large as the caller has it
 * @to: where the caller has it
 * @user_size: how large it is there
 * @from: the structure as we know it
 * @size: of @from
 *
 * Context: process context; sleeps.
 * Return: 0 or -EFAULT.
 */
int dsync_arg_write(void __user *to, u32 user_size, const void *from, size_t size)
{
	size_t common = min_t(size_t, user_size, size);

	if (copy_to_user(to, from, common) || clear_user(to + common, user_size - common))
		return -EFAULT;
	return 0;
}
