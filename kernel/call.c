// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that sleep on an open file, and how the close of its descriptors ends them.
 *
 * A call holds a reference to the file until it returns, so a file that a thread sleeps on is
 * not released when its last descriptor is closed. The close ends the sleep instead, as soon as
 * the table of descriptors that the call was made through has none of the file left. Descriptors
 * in other tables do not count: they belong to other processes, and so do the calls made
 * through them.
 */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "call.h"
#include "set.h"

/**
 * dsync_calls_init() - begin with no calls
 * @calls: zeroed memory
 * @wait: what calls without a set sleep on
 */
void dsync_calls_init(struct dsync_calls *calls, wait_queue_head_t *wait)
{
	spin_lock_init(&calls->lock);
	INIT_LIST_HEAD(&calls->list);
	calls->wait = wait;
}

static int is_same_file(const void *wanted, struct file *file, unsigned int fd)
{
	return wanted == file;
}

/* Only then can a task be in a call while another one closes the descriptor. */
static bool is_shared(const struct files_struct *files)
{
	return atomic_read(&files->count) > 1;
}

/* Takes the table's lock, for a time in proportion to what is open there, as fork() does. */
static bool table_has(struct files_struct *files, const struct file *file)
{
	return iterate_fd(files, 0, is_same_file, file);
}

static void cancel_calls_of(struct dsync_calls *calls, const struct files_struct *files)
{
	struct dsync_call *call;

	lockdep_assert_held(&calls->lock);
	list_for_each_entry(call, &calls->list, link) {
		if (call->files != files)
			continue;
		WRITE_ONCE(call->cancelled, true);
		if (call->set)
			dsync_set_abort(call->set);
	}
	wake_up_interruptible_all(calls->wait);
}

/**
 * dsync_calls_close() - a descriptor was closed: end the calls of a table that has no other
 * @calls: the file's calls
 * @file: the file
 * @files: the table that had the descriptor
 *
 * Of closes that happen at once each one looks after its descriptor has left the table, so the
 * last one finds none.
 *
 * Context: process context, from the file's flush().
 */
void dsync_calls_close(struct dsync_calls *calls, struct file *file,
		       struct files_struct *files)
{
	/* At the end of a process it has no table any more, and no task in a call. */
	if (!files || files != current->files || !is_shared(files) ||
	    table_has(files, file))
		return;
	spin_lock(&calls->lock);
	if (calls->closed && calls->closed != files)
		WRITE_ONCE(calls->closed_more, true);
	WRITE_ONCE(calls->closed, files);
	cancel_calls_of(calls, files);
	spin_unlock(&calls->lock);
}

/* Did the descriptor go between the beginning of the system call and now? */
static bool came_too_late(struct dsync_calls *calls, struct file *file)
{
	if (READ_ONCE(calls->closed) != current->files &&
	    !READ_ONCE(calls->closed_more))
		return false;
	return !table_has(current->files, file);
}

/**
 * dsync_call_begin() - the task is about to sleep on a file
 * @calls: the file's calls
 * @call: to be ended with dsync_call_end(), unless this fails
 * @file: the file
 * @set: what it sleeps for with dsync_request(), which returns -ECANCELED when the call is to
 *	end; or NULL: it sleeps on &dsync_calls.wait and asks dsync_call_is_cancelled()
 *
 * Context: process context.
 * Return: 0, or -ECANCELED: the file was closed already.
 */
int dsync_call_begin(struct dsync_calls *calls, struct dsync_call *call,
		     struct file *file, struct dsync_set *set)
{
	call->files = is_shared(current->files) ? current->files : NULL;
	call->set = set;
	call->cancelled = false;
	if (!call->files)
		return 0;
	spin_lock(&calls->lock);
	list_add(&call->link, &calls->list);
	spin_unlock(&calls->lock);

	/* On the list first: a close from here on finds it. */
	if (likely(!came_too_late(calls, file)))
		return 0;
	dsync_call_end(calls, call);
	return -ECANCELED;
}

/**
 * dsync_call_end() - the task does not sleep any more
 * @calls: the file's calls
 * @call: from dsync_call_begin()
 *
 * Context: process context.
 */
void dsync_call_end(struct dsync_calls *calls, struct dsync_call *call)
{
	if (!call->files)
		return;
	spin_lock(&calls->lock);
	list_del(&call->link);
	spin_unlock(&calls->lock);
}

/**
 * dsync_call_is_cancelled() - is the call to end
 * @call: a call that has begun
 *
 * Context: any.
 * Return: true if the file was closed.
 */
bool dsync_call_is_cancelled(const struct dsync_call *call)
{
	return READ_ONCE(call->cancelled);
}
