// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space sees of a job: a descriptor to poll, to read the result from and to
 * get a sync_file of. Nothing that one of its users does changes what another sees.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

#include "dmabuf_copy.h"

static __poll_t dcopy_job_file_poll(struct file *file, poll_table *wait)
{
	struct dcopy_job *job = file->private_data;

	poll_wait(file, &job->wq, wait);
	switch (dcopy_job_state(job)) {
	case DCOPY_DONE:
		return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM |
		       (job->result ? EPOLLERR : 0);
	case DCOPY_COMMITTED:
		return EPOLLOUT | EPOLLWRNORM;
	default:
		return 0;
	}
}

/* Wait until the job is in @state or further. */
static int dcopy_job_file_wait(struct file *file, enum dcopy_state state)
{
	struct dcopy_job *job = file->private_data;

	if (dcopy_job_state(job) >= state)
		return 0;
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return wait_event_interruptible(job->wq, dcopy_job_state(job) >= state);
}

static ssize_t dcopy_job_file_read(struct file *file, char __user *buf,
				   size_t count, loff_t *pos)
{
	struct dcopy_job *job = file->private_data;
	struct dmabuf_copy_result result = {};
	int ret;

	if (count < sizeof(result))
		return -EINVAL;
	ret = dcopy_job_file_wait(file, DCOPY_DONE);
	if (ret)
		return ret;
	result.result = job->result;
	result.requested_ns = job->requested_ns;
	result.committed_ns = job->committed_ns;
	result.started_ns = job->started_ns;
	result.done_ns = job->done_ns;
	if (copy_to_user(buf, &result, sizeof(result)))
		return -EFAULT;
	return sizeof(result);
}

/**
 * dcopy_job_file_sync() - make a sync_file of a job
 * @job: a job that was committed
 *
 * Context: process context.
 * Return: the file or an error pointer: -ENOMEM.
 */
struct file *dcopy_job_file_sync(struct dcopy_job *job)
{
	struct sync_file *sync = sync_file_create(&job->fence->base);

	return sync ? sync->file : ERR_PTR(-ENOMEM);
}

static int dcopy_job_file_install(struct dmabuf_copy_sync_file __user *user,
				  struct file *sync)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	if (put_user(fd, &user->sync_fd)) {
		put_unused_fd(fd);
		return -EFAULT;
	}
	fd_install(fd, sync);
	return 0;
}

static long dcopy_job_file_ioc_sync(struct file *file, void __user *user)
{
	struct dcopy_job *job = file->private_data;
	struct dmabuf_copy_sync_file args;
	struct file *sync;
	int ret;

	ret = dcopy_client_copy_args(&args, sizeof(args), sizeof(args), user);
	if (ret)
		return ret;
	if (args.flags || args.reserved)
		return -EINVAL;
	ret = dcopy_job_file_wait(file, DCOPY_COMMITTED);
	if (ret)
		return ret;
	if (!job->committed_ns)
		return job->result;
	sync = dcopy_job_file_sync(job);
	if (IS_ERR(sync))
		return PTR_ERR(sync);
	ret = dcopy_job_file_install(user, sync);
	if (ret)
		fput(sync);
	return ret;
}

static long dcopy_job_file_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	if (_IOC_TYPE(cmd) == DMABUF_COPY_IOC_MAGIC &&
	    _IOC_NR(cmd) == _IOC_NR(DMABUF_COPY_IOC_SYNC_FILE))
		return dcopy_job_file_ioc_sync(file, (void __user *)arg);
	return -ENOTTY;
}

static int dcopy_job_file_release(struct inode *inode, struct file *file)
{
	struct dcopy_job *job = file->private_data;

	dcopy_job_cancel(job);
	dcopy_job_put(job);
	return 0;
}

static const struct file_operations dcopy_job_file_fops = {
	.owner = THIS_MODULE,
	.read = dcopy_job_file_read,
	.poll = dcopy_job_file_poll,
	.unlocked_ioctl = dcopy_job_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = dcopy_job_file_release,
};

/**
 * dcopy_job_file_create() - make the file of a job
 * @job: the job; the file has a reference of its own, and cancels the job when it is
 *	closed while that is queued
 *
 * Context: process context.
 * Return: the file or an error pointer.
 */
struct file *dcopy_job_file_create(struct dcopy_job *job)
{
	struct file *file;

	file = anon_inode_getfile("[dmabuf_copy_job]", &dcopy_job_file_fops, job,
				  O_RDONLY);
	if (!IS_ERR(file))
		kref_get(&job->ref);
	return file;
}
