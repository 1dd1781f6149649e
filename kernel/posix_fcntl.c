// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcntl() without the VFS's own frame, which has no place for a lock operation that the file does
 * not have: from struct flock to a request, and back. Only for a kernel whose dma-buf files are
 * not ours to change; in tree the VFS does this.
 *
 * The security modules were asked by the system call (file_fcntl); their file_lock is not
 * within a module's reach.
 */
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include "posix_fcntl.h"
#include "posix_lock.h"

static int start_of(struct file *file, const struct flock *flock, loff_t *start)
{
	loff_t base;

	switch (flock->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = file->f_pos;
		break;
	case SEEK_END:
		base = i_size_read(file_inode(file));
		break;
	default:
		return -EINVAL;
	}
	if (flock->l_start > OFFSET_MAX - base)
		return -EOVERFLOW;
	*start = base + flock->l_start;
	return *start < 0 ? -EINVAL : 0;
}

/* A length of 0 reaches to the end of all offsets; a negative one lies before the start. */
static int range_of(struct file *file, const struct flock *flock,
		    struct file_lock *fl)
{
	loff_t start, len = flock->l_len;
	int ret;

	ret = start_of(file, flock, &start);
	if (ret)
		return ret;
	if (len > 0 && len - 1 > OFFSET_MAX - start)
		return -EOVERFLOW;
	if (start + min_t(loff_t, len, 0) < 0)
		return -EINVAL;

	fl->fl_start = len < 0 ? start + len : start;
	fl->fl_end = !len ? OFFSET_MAX : len < 0 ? start - 1 : start + len - 1;
	return 0;
}

static bool cmd_is_ofd(unsigned int cmd)
{
	return cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW || cmd == F_OFD_GETLK;
}

static int request_fill(struct file *file, const struct flock *flock,
			struct file_lock *fl)
{
	int ret = range_of(file, flock, fl);

	if (ret)
		return ret;
	switch (flock->l_type) {
	case F_RDLCK:
	case F_WRLCK:
	case F_UNLCK:
		break;
	default:
		return -EINVAL;
	}
	fl->c.flc_type = flock->l_type;
	fl->c.flc_flags = FL_POSIX;
	fl->c.flc_owner = current->files;
	fl->c.flc_pid = current->tgid;
	fl->c.flc_file = file;
	return 0;
}

static int request_own(unsigned int cmd, const struct flock *flock,
		       struct file_lock *fl)
{
	if (!cmd_is_ofd(cmd))
		return 0;
	if (flock->l_pid)
		return -EINVAL;
	fl->c.flc_flags |= FL_OFDLCK;
	fl->c.flc_owner = fl->c.flc_file;
	return 0;
}

static int check_mode(const struct file_lock *fl)
{
	fmode_t mode = fl->c.flc_file->f_mode;

	if (fl->c.flc_type == F_RDLCK && !(mode & FMODE_READ))
		return -EBADF;
	if (fl->c.flc_type == F_WRLCK && !(mode & FMODE_WRITE))
		return -EBADF;
	return 0;
}

/*
 * Another thread may have closed the descriptor while this one got the lock: then the close
 * was too early to release it.
 */
static int check_closed(unsigned int fd, struct file *file)
{
	struct files_struct *files = current->files;
	struct file *now;

	/* Orders the record that was made against the close, as the VFS's own check does. */
	spin_lock(&files->file_lock);
	now = files_lookup_fd_locked(files, fd);
	spin_unlock(&files->file_lock);
	if (now == file)
		return 0;
	locks_remove_posix(file, files);
	return -EBADF;
}

static int lock_fill(struct file *file, unsigned int cmd, const struct flock *flock,
		     struct file_lock *fl)
{
	int ret = request_fill(file, flock, fl);

	if (!ret)
		ret = check_mode(fl);
	if (!ret)
		ret = request_own(cmd, flock, fl);
	return ret;
}

/**
 * dsync_posix_fcntl_setlk() - F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW on a dma-buf
 * @fd: the descriptor
 * @file: its file
 * @cmd: one of these
 * @flock: what is asked for
 *
 * Context: process context.
 * Return: as fcntl().
 */
int dsync_posix_fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd,
			    struct flock *flock)
{
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct file_lock fl;
	int ret;

	/* The records are copies of this one, which needs no memory of its own. */
	locks_init_lock(&fl);
	ret = lock_fill(file, cmd, flock, &fl);
	if (!ret)
		ret = dsync_posix_lock(file, wait ? F_SETLKW : F_SETLK, &fl);
	if (!ret && fl.c.flc_type != F_UNLCK)
		ret = check_closed(fd, file);
	return ret;
}

/* The number of the process in the caller's name space; -1 is nobody's. */
static pid_t pid_of(const struct file_lock *fl)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	pid_t pid;

	if (fl->c.flc_flags & FL_OFDLCK)
		return -1;
	if (fl->c.flc_pid <= 0 || ns == &init_pid_ns)
		return fl->c.flc_pid;
	rcu_read_lock();
	pid = pid_nr_ns(find_pid_ns(fl->c.flc_pid, &init_pid_ns), ns);
	rcu_read_unlock();
	return pid;
}

static void answer_fill(struct flock *flock, const struct file_lock *fl)
{
	flock->l_type = fl->c.flc_type;
	if (fl->c.flc_type == F_UNLCK)
		return;
	flock->l_pid = pid_of(fl);
	flock->l_whence = SEEK_SET;
	flock->l_start = fl->fl_start;
	flock->l_len = fl->fl_end == OFFSET_MAX ? 0 : fl->fl_end - fl->fl_start + 1;
}

/**
 * dsync_posix_fcntl_getlk() - F_GETLK, F_OFD_GETLK on a dma-buf
 * @file: its file
 * @cmd: one of these
 * @flock: what is asked for, and the answer
 *
 * Context: process context.
 * Return: as fcntl().
 */
int dsync_posix_fcntl_getlk(struct file *file, unsigned int cmd, struct flock *flock)
{
	struct file_lock fl;
	int ret;

	if (cmd != F_OFD_GETLK && flock->l_type != F_RDLCK &&
	    flock->l_type != F_WRLCK)
		return -EINVAL;
	locks_init_lock(&fl);
	ret = request_fill(file, flock, &fl);
	if (!ret)
		ret = request_own(cmd, flock, &fl);
	if (!ret)
		ret = dsync_posix_lock(file, F_GETLK, &fl);
	if (!ret)
		answer_fill(flock, &fl);
	return ret;
}
