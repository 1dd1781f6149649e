// SPDX-License-Identifier: GPL-2.0-only
/* The rules of the differential test: who is in whose way, and who waits for whom. */
#include <string.h>
#include <unistd.h>

#include "model.h"

static bool conflicts(const struct lock *a, const struct lock *b)
{
	return a->file == b->file && a->owner != b->owner && a->start <= b->end &&
	       b->start <= a->end && (a->type == F_WRLCK || b->type == F_WRLCK);
}

bool model_has_holder(const struct model *model, const struct lock *lock)
{
	unsigned int i;

	for (i = 0; i < model->table.nr; i++)
		if (conflicts(lock, &model->table.locks[i]))
			return true;
	return false;
}

/* Does whatever @lock waits for wait, in the end, for @owner? */
static bool reaches(const struct model *model, const struct lock *lock, unsigned int owner,
		    unsigned int *seen)
{
	unsigned int i, p, holder;

	for (i = 0; i < model->table.nr; i++) {
		if (!conflicts(lock, &model->table.locks[i]))
			continue;
		holder = model->table.locks[i].owner;
		if (holder == owner)
			return true;
		if (*seen & 1U << holder)
			continue;
		*seen |= 1U << holder;
		for (p = 0; p < NR_PLAYERS; p++)
			if (model->sleeps[p] && model->waiting[p].owner == holder &&
			    reaches(model, &model->waiting[p], owner, seen))
				return true;
	}
	return false;
}

bool model_closes_cycle(const struct model *model, const struct lock *lock)
{
	unsigned int seen = 0;

	return reaches(model, lock, lock->owner, &seen);
}

bool model_is_behind(const struct model *model, const struct lock *lock)
{
	unsigned int p, seen;

	for (p = 0; p < NR_PLAYERS; p++) {
		seen = 0;
		if (model->sleeps[p] && conflicts(lock, &model->waiting[p]) &&
		    !reaches(model, &model->waiting[p], lock->owner, &seen))
			return true;
	}
	return false;
}

bool model_meets_sleeper(const struct model *model, const struct lock *lock)
{
	unsigned int p;

	for (p = 0; p < NR_PLAYERS; p++)
		if (model->sleeps[p] && conflicts(lock, &model->waiting[p]))
			return true;
	return false;
}

bool model_lock_of(const struct step *step, struct lock *lock)
{
	const struct flock *fl = &step->fl;
	int64_t start = fl->l_whence == SEEK_END ? FILE_SIZE : 0;
	static const bool readable[] = { true, true, true, true, false };
	static const bool writable[] = { true, true, true, false, true };

	memset(lock, 0, sizeof(*lock));
	if (step->cmd == F_GETLK || step->cmd == F_OFD_GETLK || fl->l_whence > SEEK_END ||
	    (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK))
		return false;
	if (fl->l_type == F_RDLCK ? !readable[step->file] : !writable[step->file])
		return false;
	if (__builtin_add_overflow(start, fl->l_start, &start) || start < 0)
		return false;
	if (fl->l_len > 0 && fl->l_len - 1 > INT64_MAX - start)
		return false;
	if (fl->l_len < 0 && start + fl->l_len < 0)
		return false;
	if (step_sets_ofd(step) && fl->l_pid)
		return false;
	lock->file = step->file;
	lock->type = fl->l_type;
	lock->owner = step->kind == STEP_FORK ? OWNER_CHILD : step->player;
	lock->start = fl->l_len < 0 ? start + fl->l_len : start;
	lock->end = !fl->l_len ? INT64_MAX : fl->l_len < 0 ? start - 1 : start + fl->l_len - 1;
	return true;
}
