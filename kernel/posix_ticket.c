// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tickets of F_SETLKW calls that a signal has interrupted. The kernel makes the same call again
 * when the handler returns (SA_RESTART), or at once when there is none, as at a stop and
 * continue; then it goes on with its ticket. Any other lock call of the task on the buffer
 * gives the ticket up.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "posix_owner.h"
#include "posix_ticket.h"

/* Threads of one process that are in handlers at the same time; the oldest ticket is given up. */
#define MAX_TICKETS	16

/**
 * struct dsync_posix_ticket - an interrupted call
 * @link: in &dsync_posix.tickets
 * @tid: whose call
 * @ino: of which buffer: another one's file can be at the same address
 * @type: F_RDLCK or F_WRLCK
 * @start: first byte
 * @end: last byte
 * @number: the ticket
 */
struct dsync_posix_ticket {
	struct list_head link;
	pid_t tid;
	unsigned long ino;
	unsigned char type;
	loff_t start;
	loff_t end;
	u64 number;
};

static void ticket_free(struct dsync_posix *posix, struct dsync_posix_ticket *ticket)
{
	list_del(&ticket->link);
	posix->nr_tickets--;
	kfree(ticket);
}

static bool ticket_is_for(const struct dsync_posix_ticket *ticket,
			  const struct dsync_posix *posix, const struct file_lock *fl)
{
	return ticket->ino == file_inode(posix->key.file)->i_ino &&
	       ticket->type == fl->c.flc_type && ticket->start == fl->fl_start &&
	       ticket->end == fl->fl_end;
}

/**
 * dsync_posix_ticket_keep() - a signal has interrupted a call that was queued
 * @posix: the locks
 * @fl: what the task waited for
 * @number: the ticket
 *
 * Without memory the call will have to queue again.
 *
 * Context: process context; @posix's mutex is held; may sleep.
 */
void dsync_posix_ticket_keep(struct dsync_posix *posix, const struct file_lock *fl,
			     u64 number)
{
	struct dsync_posix_ticket *ticket;

	lockdep_assert_held(&posix->mutex);
	ticket = kzalloc(sizeof(*ticket), GFP_KERNEL_ACCOUNT);
	if (!ticket)
		return;
	ticket->tid = task_pid_nr(current);
	ticket->ino = file_inode(posix->key.file)->i_ino;
	ticket->type = fl->c.flc_type;
	ticket->start = fl->fl_start;
	ticket->end = fl->fl_end;
	ticket->number = number;
	if (posix->nr_tickets == MAX_TICKETS)
		ticket_free(posix, list_first_entry(&posix->tickets,
						    struct dsync_posix_ticket, link));
	list_add_tail(&ticket->link, &posix->tickets);
	posix->nr_tickets++;
}

/**
 * dsync_posix_ticket_take() - the ticket of the current task's interrupted call
 * @posix: the locks
 * @fl: what it asks for now
 *
 * Context: process context; @posix's mutex is held.
 * Return: the ticket if it is the same call, else 0.
 */
u64 dsync_posix_ticket_take(struct dsync_posix *posix, const struct file_lock *fl)
{
	struct dsync_posix_ticket *ticket;
	pid_t tid = task_pid_nr(current);
	u64 number = 0;

	lockdep_assert_held(&posix->mutex);
	list_for_each_entry(ticket, &posix->tickets, link) {
		if (ticket->tid != tid)
			continue;
		if (ticket_is_for(ticket, posix, fl))
			number = ticket->number;
		ticket_free(posix, ticket);
		break;
	}
	return number;
}

/**
 * dsync_posix_ticket_drop() - give all tickets up
 * @posix: the locks, which nobody else uses
 */
void dsync_posix_ticket_drop(struct dsync_posix *posix)
{
	struct dsync_posix_ticket *ticket, *next;

	list_for_each_entry_safe(ticket, next, &posix->tickets, link)
		ticket_free(posix, ticket);
}
