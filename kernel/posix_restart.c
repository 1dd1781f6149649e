// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the stock F_SETLKW that sleep when the module comes. Left alone, they would return with
 * a lock that no access covers. So they are made to begin again, and then come to the module:
 * their sleep ends as for a signal, there is none, and the kernel makes the call anew. Live
 * patching ends sleeps in the same way (TIF_NOTIFY_SIGNAL).
 *
 * Which tasks these are their stacks say. Sleepers for locks of plain files begin again, too,
 * which changes nothing for them. A call that is not found, because it has not come to sleep
 * yet, gets a lock that is the kernel's alone.
 */
#include <linux/array_size.h>
#include <linux/kallsyms.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "posix_restart.h"

/* Frames between the call and the scheduler: some more than there are. */
#define MAX_FRAMES	16

static bool task_sleeps_in(struct task_struct *task, const char *function)
{
	unsigned long frames[MAX_FRAMES];
	char name[KSYM_SYMBOL_LEN];
	unsigned int nr, i;

	if (task->flags & PF_KTHREAD || READ_ONCE(task->__state) != TASK_INTERRUPTIBLE)
		return false;
	nr = stack_trace_save_tsk(task, frames, ARRAY_SIZE(frames), 0);
	for (i = 0; i < nr; i++) {
		sprint_symbol_no_offset(name, frames[i]);
		if (!strcmp(name, function))
			return true;
	}
	return false;
}

/**
 * dsync_posix_restart() - make calls that sleep begin again
 * @function: of the kernel; what it returns when a signal comes restarts the system call
 *
 * Context: process context; sleeps.
 */
void dsync_posix_restart(const char *function)
{
	struct task_struct *process, *task;

	/* Whoever was called before the hook was there sleeps after this, or is out. */
	synchronize_rcu_tasks();
	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (!task_sleeps_in(task, function))
			continue;
		set_tsk_thread_flag(task, TIF_NOTIFY_SIGNAL);
		wake_up_process(task);
	}
	rcu_read_unlock();
}
