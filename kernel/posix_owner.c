// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that lock with fcntl(), and the state of their locks by buffer.
 *
 * State lasts: a process that locks and unlocks the same buffers again and again makes it once.
 * Nobody tells when a process or a buffer without locks is gone, so state that was not used
 * for a while is freed, and sooner when memory is short.
 *
 * A state is used by whoever has a reference. One that has neither user nor record nor access is
 * idle and may die: its reference count goes to 0, and a look-up passes it over from then on.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cache.h"
#include "owner.h"
#include "posix_owner.h"
#include "posix_record.h"
#include "set.h"

/* A process that goes through many buffers does not leave more behind, of these at least. */
#define IDLE_MAX	64

static const struct rhashtable_params owner_params = {
	.head_offset		= offsetof(struct dsync_posix_owner, node),
	.key_offset		= offsetof(struct dsync_posix_owner, key),
	.key_len		= sizeof(fl_owner_t),
	.automatic_shrinking	= true,
};

/* Every call looks a state up: cheaper than the default, of keys that nobody can choose. */
static u32 state_hash(const void *data, u32 len, u32 seed)
{
	const struct dsync_posix_key *key = data;

	return hash_long((unsigned long)key->owner + rol32(seed, 1), 32) ^
	       hash_long((unsigned long)key->file + seed, 32);
}

static u32 state_hash_of(const void *data, u32 len, u32 seed)
{
	const struct dsync_posix *posix = data;

	return state_hash(&posix->key, len, seed);
}

static int state_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dsync_posix_key *key = arg->key;
	const struct dsync_posix *posix = obj;

	return posix->key.owner != key->owner || posix->key.file != key->file;
}

static const struct rhashtable_params state_params = {
	.head_offset		= offsetof(struct dsync_posix, node),
	.key_offset		= offsetof(struct dsync_posix, key),
	.key_len		= sizeof(struct dsync_posix_key),
	.hashfn			= state_hash,
	.obj_hashfn		= state_hash_of,
	.obj_cmpfn		= state_cmp,
	.automatic_shrinking	= true,
};

static struct rhashtable owners, states;

static bool state_reap_aged(void *object, unsigned long age);

static struct dsync_cache cache = { .table = &states, .reap = state_reap_aged };
static bool aborting;

/**
 * dsync_posix_owner_lives() - does a process still run
 * @process: its thread group
 *
 * Context: any.
 * Return: false if it has ended; its number may be another one's by now.
 */
bool dsync_posix_owner_lives(struct pid *process)
{
	struct task_struct *task;
	bool lives;

	rcu_read_lock();
	task = pid_task(process, PIDTYPE_TGID);
	lives = task && atomic_read(&task->signal->live);
	rcu_read_unlock();
	return lives;
}

static struct dsync_posix_owner *owner_alloc(fl_owner_t key)
{
	struct dsync_posix_owner *owner;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return NULL;
	owner->key = key;
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->states);
	INIT_LIST_HEAD(&owner->sleepers);
	owner->owner = dsync_owner_create(DMABUF_SYNC_OWNER_FCNTL, NULL);
	if (IS_ERR(owner->owner)) {
		kfree(owner);
		return NULL;
	}
	return owner;
}

static void owner_free(struct dsync_posix_owner *owner)
{
	if (owner->spare)
		dsync_set_put(owner->spare);
	dsync_owner_put(owner->owner);
	kfree_rcu(owner, rcu);
}

/* False: the owner has lost its last state and is dead. */
static bool owner_link(struct dsync_posix_owner *owner, struct dsync_posix *posix)
{
	bool lives;

	spin_lock(&owner->lock);
	lives = owner->nr_states;
	if (lives) {
		WRITE_ONCE(owner->nr_states, owner->nr_states + 1);
		list_add_tail(&posix->link, &owner->states);
		posix->owner = owner;
	}
	spin_unlock(&owner->lock);
	return lives;
}

static struct dsync_posix_owner *owner_find(fl_owner_t key)
{
	return rhashtable_lookup(&owners, &key, owner_params);
}

/* Link the state to the owner that is in the table; false: there is none. */
static bool owner_join(struct dsync_posix *posix)
{
	struct dsync_posix_owner *owner;
	bool joined = false;

	rcu_read_lock();
	owner = owner_find(posix->key.owner);
	if (owner) {
		joined = owner_link(owner, posix);
		/* Dead, and about to be taken out: whoever comes first does it. */
		if (!joined)
			rhashtable_remove_fast(&owners, &owner->node, owner_params);
	}
	rcu_read_unlock();
	return joined;
}

/* Link the state to its owner, made if need be. */
static int owner_attach(struct dsync_posix *posix)
{
	struct dsync_posix_owner *owner;
	int ret;

	while (!owner_join(posix)) {
		owner = owner_alloc(posix->key.owner);
		if (!owner)
			return -ENOMEM;
		owner->nr_states = 1;
		list_add_tail(&posix->link, &owner->states);
		posix->owner = owner;
		ret = rhashtable_lookup_insert_fast(&owners, &owner->node,
						    owner_params);
		if (!ret)
			return 0;
		owner_free(owner);
		if (ret != -EEXIST)
			return ret;
	}
	return 0;
}

static void owner_detach(struct dsync_posix *posix)
{
	struct dsync_posix_owner *owner = posix->owner;
	bool last;

	spin_lock(&owner->lock);
	list_del(&posix->link);
	WRITE_ONCE(owner->nr_states, owner->nr_states - 1);
	last = !owner->nr_states;
	spin_unlock(&owner->lock);
	if (!last)
		return;
	rhashtable_remove_fast(&owners, &owner->node, owner_params);
	owner_free(owner);
}

static void state_free(struct dsync_posix *posix)
{
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&posix->sets));
	kfree_rcu(posix, rcu);
}

static struct dsync_posix *state_alloc(fl_owner_t key, struct file *file)
{
	struct dsync_posix *posix;

	posix = kzalloc(sizeof(*posix), GFP_KERNEL_ACCOUNT);
	if (!posix)
		return NULL;
	posix->key.owner = key;
	posix->key.file = file;
	refcount_set(&posix->ref, 2);
	mutex_init(&posix->mutex);
	posix->sets = RB_ROOT;
	dsync_posix_record_init(posix);
	if (owner_attach(posix)) {
		kfree(posix);
		return NULL;
	}
	return posix;
}

/*
 * A process that lives is to be told of locks that it has lost, however late; but not one that goes
 * through many buffers: nobody tells when these are gone.
 */
static bool is_to_be_told(const struct dsync_posix *posix)
{
	struct dsync_owner *owner = READ_ONCE(posix->owner->owner);

	return READ_ONCE(posix->revoked) == owner->id &&
	       READ_ONCE(posix->owner->nr_states) <= IDLE_MAX &&
	       dsync_posix_owner_lives(owner->pid);
}

/*
 * The state dies if it is idle. With the mutex held nobody makes records of it, and without
 * records only whoever has a reference does anything with it.
 */
static bool state_dies(struct dsync_posix *posix)
{
	bool dies;

	if (!mutex_trylock(&posix->mutex))
		return false;
	dies = !atomic_read(&posix->nr_records) && RB_EMPTY_ROOT(&posix->sets) &&
	       !is_to_be_told(posix) && refcount_dec_if_one(&posix->ref);
	mutex_unlock(&posix->mutex);
	return dies;
}

/* Free an idle state. */
static bool state_reap(struct dsync_posix *posix)
{
	if (!state_dies(posix))
		return false;
	/* The one who looked it up dead may have been faster. */
	rhashtable_remove_fast(&states, &posix->node, state_params);
	owner_detach(posix);
	state_free(posix);
	return true;
}

/* A process that goes through many buffers frees some old state for each new one. */
static void owner_trim(struct dsync_posix_owner *owner, struct dsync_posix *fresh)
{
	struct dsync_posix *oldest;
	unsigned int i;

	for (i = 0; i < 2 && READ_ONCE(owner->nr_states) > IDLE_MAX; i++) {
		rcu_read_lock();
		spin_lock(&owner->lock);
		oldest = list_first_entry(&owner->states, struct dsync_posix, link);
		list_move_tail(&oldest->link, &owner->states);
		spin_unlock(&owner->lock);
		if (oldest != fresh)
			state_reap(oldest);
		rcu_read_unlock();
	}
}

static bool state_reap_aged(void *object, unsigned long age)
{
	struct dsync_posix *posix = object;

	return !time_before(jiffies, READ_ONCE(posix->used) + age) && state_reap(posix);
}

static struct dsync_posix *state_create(fl_owner_t key, struct file *file)
{
	struct dsync_posix *posix = state_alloc(key, file), *other;
	bool alive;

	if (!posix)
		return NULL;
	do {
		rcu_read_lock();
		other = rhashtable_lookup_get_insert_key(&states, &posix->key,
							 &posix->node, state_params);
		alive = !IS_ERR_OR_NULL(other) && refcount_inc_not_zero(&other->ref);
		if (!IS_ERR_OR_NULL(other) && !alive)
			rhashtable_remove_fast(&states, &other->node, state_params);
		rcu_read_unlock();
	} while (!IS_ERR_OR_NULL(other) && !alive);
	if (!other) {
		owner_trim(posix->owner, posix);
		dsync_cache_grown(&cache);
		return posix;
	}
	owner_detach(posix);
	state_free(posix);
	return alive ? other : NULL;
}

/**
 * dsync_posix_owner_find() - the locks of a process on a buffer
 * @key: what the VFS calls the process
 * @file: the dma-buf's file, which the caller has a reference on
 *
 * Context: process context.
 * Return: the locks with a reference for the caller, or NULL: there are none.
 */
struct dsync_posix *dsync_posix_owner_find(fl_owner_t key, struct file *file)
{
	struct dsync_posix_key both = { .owner = key, .file = file };
	struct dsync_posix *posix;

	rcu_read_lock();
	posix = rhashtable_lookup(&states, &both, state_params);
	if (posix && !refcount_inc_not_zero(&posix->ref))
		posix = NULL;
	rcu_read_unlock();
	return posix;
}

/* Is nothing held or asked for with the owner's name, but by the user of @mine? */
static bool owner_is_idle(struct dsync_posix_owner *owner, struct dsync_posix *mine)
{
	struct dsync_posix *posix;

	list_for_each_entry(posix, &owner->states, link)
		if (refcount_read(&posix->ref) > (posix == mine ? 2 : 1) ||
		    atomic_read(&posix->nr_records) || !RB_EMPTY_ROOT(&posix->sets))
			return false;
	return true;
}

/* The process that the accesses are named after, a reference. */
static struct pid *owner_process_get(struct dsync_posix_owner *owner)
{
	struct pid *process;

	spin_lock(&owner->lock);
	process = get_pid(owner->owner->pid);
	spin_unlock(&owner->lock);
	return process;
}

static void owner_replace(struct dsync_posix_owner *owner, struct dsync_posix *mine,
			  struct pid *old)
{
	struct dsync_owner *fresh = dsync_owner_create(DMABUF_SYNC_OWNER_FCNTL, NULL);

	if (IS_ERR(fresh))
		return;
	spin_lock(&owner->lock);
	if (owner->owner->pid == old && owner_is_idle(owner, mine))
		fresh = xchg(&owner->owner, fresh);
	spin_unlock(&owner->lock);
	dsync_owner_put(fresh);
}

/*
 * The state was made by another process. If that one has ended, its files_struct has been made
 * anew at the same address, or others have it, too (CLONE_FILES): the next accesses are this
 * one's.
 *
 * All tasks of this process take the lock here, each with a reference on its state. So either who
 * replaces the owner finds that the state is in use, or they find the new owner.
 */
static void owner_rename(struct dsync_posix_owner *owner, struct dsync_posix *mine)
{
	struct pid *old = owner_process_get(owner);

	if (!dsync_posix_owner_lives(old))
		owner_replace(owner, mine, old);
	put_pid(old);
}

static bool owner_is_current(struct dsync_posix_owner *owner)
{
	bool current_one;

	/* Whoever replaces the owner puts the old one, which is freed through RCU. */
	rcu_read_lock();
	current_one = READ_ONCE(owner->owner)->pid == task_tgid(current);
	rcu_read_unlock();
	return current_one;
}

/**
 * dsync_posix_owner_get() - the locks of a process on a buffer, made if need be
 * @key: what the VFS calls the process, which is the current one
 * @file: the dma-buf's file, which the caller has a reference on
 *
 * Context: process context; may sleep.
 * Return: the locks with a reference for the caller, or NULL without memory.
 */
struct dsync_posix *dsync_posix_owner_get(fl_owner_t key, struct file *file)
{
	struct dsync_posix *posix;

	posix = dsync_posix_owner_find(key, file) ?: state_create(key, file);
	if (!posix)
		return NULL;
	if (unlikely(!owner_is_current(posix->owner)))
		owner_rename(posix->owner, posix);
	return posix;
}

/**
 * dsync_posix_owner_put() - drop a reference
 * @posix: the locks, which stay for the next user
 *
 * Context: process context.
 */
void dsync_posix_owner_put(struct dsync_posix *posix)
{
	WRITE_ONCE(posix->used, jiffies);
	/* Never the last one: that is the table's. */
	refcount_dec(&posix->ref);
}

/**
 * dsync_posix_owner_start() - make the tables
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_posix_owner_start(void)
{
	int ret = rhashtable_init(&owners, &owner_params);

	if (ret)
		return ret;
	ret = rhashtable_init(&states, &state_params);
	if (ret)
		goto destroy_owners;
	ret = dsync_cache_start(&cache, "dmabuf_sync_posix");
	if (ret)
		goto destroy_states;
	return 0;

destroy_states:
	rhashtable_destroy(&states);
destroy_owners:
	rhashtable_destroy(&owners);
	return ret;
}

/* Once through the table: the VFS forgets the records of each state, and most are idle then. */
static void states_forget(void (*forget)(struct dsync_posix *posix))
{
	struct rhashtable_iter iter;
	struct dsync_posix *posix;

	rhashtable_walk_enter(&states, &iter);
	rhashtable_walk_start(&iter);
	while ((posix = rhashtable_walk_next(&iter))) {
		if (IS_ERR(posix) || !refcount_inc_not_zero(&posix->ref))
			continue;
		rhashtable_walk_stop(&iter);
		forget(posix);
		rhashtable_walk_start(&iter);
		dsync_posix_owner_put(posix);
		state_reap(posix);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/**
 * dsync_posix_owner_stop() - empty and free the tables
 * @forget: called for locks that are there, perhaps more than once; it makes the VFS forget them
 *
 * Context: process context; sleeps until those who are giving up locks are done.
 */
void dsync_posix_owner_stop(void (*forget)(struct dsync_posix *posix))
{
	dsync_cache_stop(&cache);
	for (;;) {
		states_forget(forget);
		if (!atomic_read(&states.nelems))
			break;
		/* A record is being dropped at this moment. */
		schedule_timeout_uninterruptible(1);
	}
	rhashtable_destroy(&states);
	rhashtable_destroy(&owners);
}

/**
 * dsync_posix_owner_sleep() - the task is going to sleep for a lock
 * @owner: who locks
 * @sleeper: what for
 *
 * Return: false if nobody may sleep any more; else dsync_posix_owner_awake() must follow.
 */
bool dsync_posix_owner_sleep(struct dsync_posix_owner *owner,
			     struct dsync_posix_sleeper *sleeper)
{
	bool may;

	spin_lock(&owner->lock);
	may = !READ_ONCE(aborting);
	if (may)
		list_add_tail(&sleeper->link, &owner->sleepers);
	spin_unlock(&owner->lock);
	return may;
}

/**
 * dsync_posix_owner_awake() - the task does not sleep any more
 * @owner: who locks
 * @sleeper: of dsync_posix_owner_sleep()
 */
void dsync_posix_owner_awake(struct dsync_posix_owner *owner,
			     struct dsync_posix_sleeper *sleeper)
{
	spin_lock(&owner->lock);
	list_del(&sleeper->link);
	spin_unlock(&owner->lock);
}

/**
 * dsync_posix_owner_aborting() - must those who sleep give up
 *
 * Return: true after dsync_posix_owner_abort().
 */
bool dsync_posix_owner_aborting(void)
{
	return READ_ONCE(aborting);
}

static void owner_abort(struct dsync_posix_owner *owner)
{
	struct dsync_posix_sleeper *sleeper;

	spin_lock(&owner->lock);
	list_for_each_entry(sleeper, &owner->sleepers, link) {
		if (sleeper->set)
			dsync_set_abort(sleeper->set);
		else
			wake_up(&sleeper->fl->c.flc_wait);
	}
	spin_unlock(&owner->lock);
}

/**
 * dsync_posix_owner_abort() - make all who sleep for a lock give up, now and from now on
 *
 * Context: process context.
 */
void dsync_posix_owner_abort(void)
{
	struct dsync_posix_owner *owner;
	struct rhashtable_iter iter;

	/* Seen by whoever takes an owner's lock after owner_abort() did, or makes an owner. */
	WRITE_ONCE(aborting, true);
	rhashtable_walk_enter(&owners, &iter);
	rhashtable_walk_start(&iter);
	while ((owner = rhashtable_walk_next(&iter)))
		if (!IS_ERR(owner))
			owner_abort(owner);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}
