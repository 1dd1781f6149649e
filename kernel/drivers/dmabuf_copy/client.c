// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open /dev/dmabuf_copy.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dmabuf_copy.h"

#define DCOPY_FLAGS	(DMABUF_COPY_WAIT | DMABUF_COPY_NONBLOCK | \
			 DMABUF_COPY_SYNC_FILE | DMABUF_COPY_FOLLOW | \
			 DMABUF_COPY_SRC_EXPLICIT | DMABUF_COPY_DST_EXPLICIT)

static void dcopy_client_free(struct kref *ref)
{
	struct dcopy_client *client = container_of(ref, struct dcopy_client, ref);

	mutex_lock(&client->engine->clients_lock);
	list_del(&client->node);
	mutex_unlock(&client->engine->clients_lock);
	dcopy_pool_put(client->engine);
	kfree(client);
	module_put(THIS_MODULE);
}

/**
 * dcopy_client_put() - drop a reference to a client
 * @client: the client
 *
 * Context: process context, in which the module is held otherwise or waited for.
 */
void dcopy_client_put(struct dcopy_client *client)
{
	kref_put(&client->ref, dcopy_client_free);
}

/**
 * dcopy_client_copy_args() - copy an argument whose first member is its size
 * @args: where to
 * @size: size that the kernel knows
 * @min_size: size that the first version had
 * @user: where from
 *
 * Context: process context.
 * Return: 0, -EINVAL (too short), -E2BIG (longer, and not zero there) or -EFAULT.
 */
int dcopy_client_copy_args(void *args, size_t size, size_t min_size,
			   void __user *user)
{
	u32 user_size;

	if (get_user(user_size, (u32 __user *)user))
		return -EFAULT;
	if (user_size < min_size)
		return -EINVAL;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(args, size, user, user_size);
}

static int dcopy_client_tell(struct dmabuf_copy_submit __user *user, int job_fd,
			     int sync_fd)
{
	if (put_user(job_fd, &user->job_fd) || put_user(sync_fd, &user->sync_fd))
		return -EFAULT;
	return 0;
}

/* Request a job. *@sync is its sync_file when it is wanted and to be had, else NULL. */
static int dcopy_client_request(struct dcopy_job *job,
				const struct dmabuf_copy_submit *args,
				struct file **sync)
{
	int ret;

	*sync = NULL;
	ret = dcopy_job_request(job, args->flags);
	if (ret || !(args->flags & DMABUF_COPY_SYNC_FILE))
		return ret;
	if (dcopy_job_state(job) >= DCOPY_COMMITTED && job->committed_ns)
		*sync = dcopy_job_file_sync(job);
	/* The job is under way: without memory the caller asks it again. */
	if (IS_ERR(*sync))
		*sync = NULL;
	return 0;
}

/* Request the job and hand out its descriptors. */
static int dcopy_client_start(struct dcopy_job *job,
			      const struct dmabuf_copy_submit *args,
			      struct dmabuf_copy_submit __user *user)
{
	struct file *file, *sync;
	int job_fd, sync_fd, ret;

	file = dcopy_job_file_create(job);
	if (IS_ERR(file))
		return PTR_ERR(file);
	job_fd = get_unused_fd_flags(O_CLOEXEC);
	if (job_fd < 0) {
		ret = job_fd;
		goto err_file;
	}
	sync_fd = get_unused_fd_flags(O_CLOEXEC);
	if (sync_fd < 0) {
		ret = sync_fd;
		goto err_job_fd;
	}
	ret = dcopy_client_request(job, args, &sync);
	if (ret)
		goto err_sync_fd;
	ret = dcopy_client_tell(user, job_fd, sync ? sync_fd : -1);
	if (ret)
		goto err_sync;
	if (sync)
		fd_install(sync_fd, sync);
	else
		put_unused_fd(sync_fd);
	fd_install(job_fd, file);
	return 0;

err_sync:
	if (sync)
		fput(sync);
err_sync_fd:
	put_unused_fd(sync_fd);
err_job_fd:
	put_unused_fd(job_fd);
err_file:
	fput(file);
	return ret;
}

static int dcopy_client_wait(struct dcopy_job *job,
			     const struct dmabuf_copy_submit *args,
			     struct dmabuf_copy_submit __user *user)
{
	int ret = dcopy_client_tell(user, -1, -1);

	if (ret)
		return ret;
	return dcopy_job_run(job, args->flags);
}

static long dcopy_client_submit(struct dcopy_client *client,
				struct dmabuf_copy_submit __user *user)
{
	struct dmabuf_copy_submit args;
	struct dcopy_job *job;
	int ret;

	ret = dcopy_client_copy_args(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags & ~DCOPY_FLAGS ||
	    (args.flags & DMABUF_COPY_WAIT && args.flags & DMABUF_COPY_SYNC_FILE))
		return -EINVAL;
	job = dcopy_job_create(client, &args);
	if (IS_ERR(job))
		return PTR_ERR(job);
	if (args.flags & DMABUF_COPY_WAIT)
		ret = dcopy_client_wait(job, &args, user);
	else
		ret = dcopy_client_start(job, &args, user);
	dcopy_job_put(job);
	return ret;
}

static long dcopy_client_info(struct dcopy_client *client,
			      struct dmabuf_copy_info __user *user)
{
	struct dcopy_engine *engine = client->engine;
	struct dmabuf_copy_info info;
	u32 size;
	int ret;

	ret = dcopy_client_copy_args(&info, sizeof(info), sizeof(info), user);
	if (ret)
		return ret;
	if (info.flags || info.reserved)
		return -EINVAL;
	size = info.size;
	memset(&info, 0, sizeof(info));
	info.size = size;
	info.alignment_bytes = engine->alignment_bytes;
	info.max_jobs = DCOPY_MAX_JOBS;
	info.timeout_ms = dcopy_engine_timeout_ms();
	strscpy(info.channel, engine->name);
	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

/* The size in the command is the caller's: the number alone tells what it is. */
static long dcopy_client_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct dcopy_client *client = file->private_data;

	if (_IOC_TYPE(cmd) != DMABUF_COPY_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(DMABUF_COPY_IOC_SUBMIT):
		return dcopy_client_submit(client, (void __user *)arg);
	case _IOC_NR(DMABUF_COPY_IOC_INFO):
		return dcopy_client_info(client, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int dcopy_client_open(struct inode *inode, struct file *file)
{
	struct dcopy_client *client;
	int ret;

	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return -ENOMEM;
	client->engine = dcopy_pool_get();
	if (IS_ERR(client->engine)) {
		ret = PTR_ERR(client->engine);
		kfree(client);
		return ret;
	}
	__module_get(THIS_MODULE);
	kref_init(&client->ref);
	dcopy_map_init(client);
	mutex_lock(&client->engine->clients_lock);
	list_add(&client->node, &client->engine->clients);
	mutex_unlock(&client->engine->clients_lock);
	file->private_data = client;
	return nonseekable_open(inode, file);
}

static int dcopy_client_release(struct inode *inode, struct file *file)
{
	struct dcopy_client *client = file->private_data;

	dcopy_map_close(client);
	dcopy_client_put(client);
	return 0;
}

const struct file_operations dcopy_client_fops = {
	.owner = THIS_MODULE,
	.open = dcopy_client_open,
	.release = dcopy_client_release,
	.unlocked_ioctl = dcopy_client_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
