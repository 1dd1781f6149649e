/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabuf_copy: copies between dma-bufs by a dmaengine channel.
 *
 * client.c	an open /dev/dmabuf_copy: checks submissions
 * map.c	the buffers a client copies between, mapped for its engine
 * job.c	one copy: acquires its ranges, gets its fence, goes to the engine, ends
 * job_file.c	what user space sees of a job
 * fence.c	its fence
 * cursor.c	a place in a mapped buffer
 * engine.c	a channel: takes jobs in order, stops what does not end
 * pool.c	which channels are in use
 * unplug.c	a channel's device is taken away
 * main.c	starts and stops the parts
 *
 * Locks, outermost first: &dcopy_job.sync_lock, &dcopy_engine.present,
 * &dcopy_engine.clients_lock, &dcopy_client.map_lock or &dcopy_engine.commit_lock, the
 * reservation locks of the buffers, &dcopy_engine.lock, the lock of a fence.
 */
#ifndef _DMABUF_COPY_H
#define _DMABUF_COPY_H

#include <linux/dma-direction.h>
#include <linux/dma-fence.h>
#include <linux/dmaengine.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/dmabuf_sync.h>
#include <uapi/linux/dmabuf_copy.h>

struct dma_buf;
struct dma_buf_attachment;
struct file;

/* Unfinished jobs of an open file. */
#define DCOPY_MAX_JOBS		64
/* Mapped buffers of an open file: those of its jobs and idle ones. */
#define DCOPY_MAX_MAPS		(4 * DCOPY_MAX_JOBS)

/**
 * enum dcopy_engine_state - what a channel is good for
 * @DCOPY_ENGINE_WORKS: it takes jobs
 * @DCOPY_ENGINE_QUARANTINED: it could not be stopped, and gets no jobs before it has
 * @DCOPY_ENGINE_GONE: its device was taken away; it gets none any more
 */
enum dcopy_engine_state {
	DCOPY_ENGINE_WORKS,
	DCOPY_ENGINE_QUARANTINED,
	DCOPY_ENGINE_GONE,
};

/**
 * struct dcopy_engine - a dmaengine channel and the jobs it has
 * @node: in the list of engines
 * @nr_users: clients that have it; protected by that list's lock
 * @chan: the channel; NULL: it was given back, because its device is gone
 * @dev: the device whose driver has it; a reference, also when the channel is gone
 * @name: of the channel
 * @alignment_bytes: what it wants of addresses and lengths
 * @unplug: told when that driver is about to leave the device
 * @present: held for reading where @chan is looked at by others than @worker
 * @clients_lock: protects @clients
 * @clients: the open files that have it
 * @worker: the only one that touches @chan, but for completions
 * @feed: gives jobs to @chan
 * @tick: the same, later: when @chan was full, or to see whether it hangs
 * @last_cookie: of the latest descriptor; only @worker uses it
 * @context: of the fences
 * @commit_lock: keeps the order of seqnos and the order of @jobs the same
 * @seqno: of the latest fence; protected by @commit_lock
 * @lock: protects all that follows, and the engine's part of its jobs
 * @jobs: committed jobs in order; the first ones are in the hands of @chan
 * @first_ns: since when the first one is the first, or @chan was last to be stopped
 * @full: @chan took no more: the next completion makes room
 * @state: what it is good for
 * @stuck: jobs that have ended, although @chan may still work on them: until it is known to
 *	have stopped, they keep their buffers mapped and the engine in place
 * @stopping: errors that completions report are due to @chan being stopped
 */
struct dcopy_engine {
	struct list_head node;
	unsigned int nr_users;
	struct dma_chan *chan;
	struct device *dev;
	char name[24];
	u32 alignment_bytes;
	struct notifier_block unplug;
	struct rw_semaphore present;
	struct mutex clients_lock; /* protects clients */
	struct list_head clients;
	struct kthread_worker *worker;
	struct kthread_work feed;
	struct kthread_delayed_work tick;
	dma_cookie_t last_cookie;
	u64 context;
	struct mutex commit_lock; /* order of seqnos */
	u64 seqno;

	spinlock_t lock; /* protects all that follows */
	struct list_head jobs;
	u64 first_ns;
	bool full;
	enum dcopy_engine_state state;
	struct list_head stuck;
	bool stopping;
};

/**
 * struct dcopy_client - an open file, and what is left of it
 * @ref: of the file, of each job, of the pending @expire
 * @engine: the engine
 * @node: in &dcopy_engine.clients
 * @nr_jobs: unfinished jobs
 * @map_lock: protects all that follows
 * @maps: mapped buffers, the latest used one at the end
 * @nr_maps: entries in @maps
 * @closed: no further jobs come: no need to keep idle maps
 * @expire: unmaps idle buffers
 */
struct dcopy_client {
	struct kref ref;
	struct dcopy_engine *engine;
	struct list_head node;
	atomic_t nr_jobs;

	struct mutex map_lock; /* protects all that follows */
	struct list_head maps;
	unsigned int nr_maps;
	bool closed;
	struct delayed_work expire;
};

/**
 * struct dcopy_map - a buffer mapped for the engine of a client
 * @node: in &dcopy_client.maps
 * @dmabuf: the buffer; a reference
 * @attach: its attachment to the engine's device
 * @sgt: the mapping; NULL: the device is gone, and with it @attach
 * @dir: DMA_TO_DEVICE when the engine only reads, else DMA_BIDIRECTIONAL
 * @nr_users: jobs; protected by &dcopy_client.map_lock
 * @idle_since: jiffies; likewise
 */
struct dcopy_map {
	struct list_head node;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	unsigned int nr_users;
	unsigned long idle_since;
};

/**
 * struct dcopy_range - one side of a copy
 * @map: the buffer's mapping; a user
 * @offset: first byte
 * @mode: for dmabuf_sync_get_range()
 */
struct dcopy_range {
	struct dcopy_map *map;
	u64 offset;
	u32 mode;
};

/**
 * struct dcopy_cursor - place in a mapped buffer
 * @sg: entry
 * @offset: byte in it
 */
struct dcopy_cursor {
	struct scatterlist *sg;
	u64 offset;
};

/**
 * struct dcopy_fence - fence of a job
 * @base: the fence
 * @lock: of @base
 * @timeline: name of the channel; the engine may be gone before the fence
 */
struct dcopy_fence {
	struct dma_fence base;
	spinlock_t lock; /* of base */
	char timeline[24];
};

/**
 * enum dcopy_state - the life of a job, in one direction
 * @DCOPY_NEW: nobody but its maker knows it
 * @DCOPY_QUEUED: it waits for its accesses
 * @DCOPY_COMMITTED: its fence is published, the engine has it
 * @DCOPY_DONE: it ended, well or not
 */
enum dcopy_state {
	DCOPY_NEW,
	DCOPY_QUEUED,
	DCOPY_COMMITTED,
	DCOPY_DONE,
};

/**
 * struct dcopy_job - one copy
 * @ref: of its maker, of its file, and of the request while it is on its way
 * @client: who wants it; a reference
 * @sync_lock: protects @sync
 * @sync: its accesses; NULL once it gave back what it used
 * @src: from where
 * @dst: to where
 * @length: number of bytes
 * @state: how far it is; read without a lock, see dcopy_job_state()
 * @fence: its fence
 * @fenced: @fence was started
 * @follows: it is to follow others (DMABUF_COPY_FOLLOW)
 * @after: the fences that it follows, once it is committed
 * @nr_after: how many
 * @nr_awaited: those of them that have not signaled, but for those of its own channel
 * @after_error: of one that has; read and written without a lock
 * @result: how it ended; constant from DCOPY_DONE on, the times likewise
 * @requested_ns: CLOCK_MONOTONIC, when it was submitted
 * @committed_ns: when its fence was published, or 0
 * @started_ns: when it became the engine's first job, or 0
 * @done_ns: when it ended
 * @wq: woken when @state changes
 * @retire: gives back what it used, after its end
 * @from: next byte to give to the channel; only the engine's worker uses it
 * @to: where it goes; likewise
 * @nr_fed: descriptors given to the channel; likewise
 * @node: in &dcopy_engine.jobs or &dcopy_engine.stuck; with all that follows under
 *	&dcopy_engine.lock
 * @left: bytes not given to the channel yet; once queued only the engine's worker
 *	changes it, and so reads it without the lock
 * @nr_open: descriptors the channel has, and one more while bytes are @left
 * @error: of a descriptor, or of what it follows
 * @awaits: it was not known yet that its fences have signaled
 * @issued: the channel has, or had, some of it
 * @finished: the channel has nothing of it any more
 */
struct dcopy_job {
	struct kref ref;
	struct dcopy_client *client;
	struct mutex sync_lock; /* protects sync */
	struct dmabuf_sync *sync;
	struct dcopy_range src;
	struct dcopy_range dst;
	u64 length;

	enum dcopy_state state;
	struct dcopy_fence *fence;
	bool fenced;
	bool follows;
	struct dmabuf_sync_after *after;
	unsigned int nr_after;
	atomic_t nr_awaited;
	int after_error;
	int result;
	u64 requested_ns;
	u64 committed_ns;
	u64 started_ns;
	u64 done_ns;
	wait_queue_head_t wq;
	struct work_struct retire;

	struct dcopy_cursor from;
	struct dcopy_cursor to;
	unsigned int nr_fed;

	struct list_head node;
	u64 left;
	unsigned int nr_open;
	int error;
	bool awaits;
	bool issued;
	bool finished;
};

/* main.c */
extern struct workqueue_struct *dcopy_wq;

/* client.c */
extern const struct file_operations dcopy_client_fops;
void dcopy_client_put(struct dcopy_client *client);
int dcopy_client_copy_args(void *args, size_t size, size_t min_size,
			   void __user *user);

/* map.c */
void dcopy_map_init(struct dcopy_client *client);
struct dcopy_map *dcopy_map_get(struct dcopy_client *client,
				struct dma_buf *dmabuf, bool write);
void dcopy_map_put(struct dcopy_client *client, struct dcopy_map *map);
void dcopy_map_close(struct dcopy_client *client);
void dcopy_map_unplug(struct dcopy_client *client);

/* job.c */
struct dcopy_job *dcopy_job_create(struct dcopy_client *client,
				   const struct dmabuf_copy_submit *args);
void dcopy_job_put(struct dcopy_job *job);
enum dcopy_state dcopy_job_state(struct dcopy_job *job);
int dcopy_job_request(struct dcopy_job *job, u32 flags);
int dcopy_job_run(struct dcopy_job *job, u32 flags);
void dcopy_job_cancel(struct dcopy_job *job);
void dcopy_job_done(struct dcopy_job *job, int result);
void dcopy_job_end(struct dcopy_job *job, int result);
void dcopy_job_give_back(struct dcopy_job *job);

/* job_file.c */
struct file *dcopy_job_file_create(struct dcopy_job *job);
struct file *dcopy_job_file_sync(struct dcopy_job *job);

/* fence.c */
struct dcopy_fence *dcopy_fence_alloc(void);
void dcopy_fence_free(struct dcopy_fence *fence);
void dcopy_fence_start(struct dcopy_fence *fence, struct dcopy_engine *engine,
		       u64 seqno);

/* pool.c */
struct dcopy_engine *dcopy_pool_get(void);
void dcopy_pool_put(struct dcopy_engine *engine);

/* unplug.c */
int dcopy_unplug_watch(struct dcopy_engine *engine);
void dcopy_unplug_ignore(struct dcopy_engine *engine);

/* engine.c */
void dcopy_engine_init(struct dcopy_engine *engine);
void dcopy_engine_end(struct dcopy_engine *engine);
void dcopy_engine_queue(struct dcopy_engine *engine, struct dcopy_job *job);
void dcopy_engine_leave(struct dcopy_engine *engine);
void dcopy_engine_let_go(struct dcopy_engine *engine);
int dcopy_engine_error(const struct dcopy_engine *engine);
unsigned int dcopy_engine_timeout_ms(void);

/* after.c */
void dcopy_after_arm(struct dcopy_job *job);
bool dcopy_after_awaits(const struct dcopy_job *job);
int dcopy_after_error(const struct dcopy_job *job);
void dcopy_after_drop(struct dcopy_job *job);

/* cursor.c */
void dcopy_cursor_init(struct dcopy_cursor *cursor, struct sg_table *sgt,
		       u64 offset);
dma_addr_t dcopy_cursor_addr(const struct dcopy_cursor *cursor);
size_t dcopy_cursor_step(const struct dcopy_engine *engine,
			 const struct dcopy_cursor *from,
			 const struct dcopy_cursor *to, u64 left);
void dcopy_cursor_advance(struct dcopy_cursor *cursor, u64 bytes);

#endif /* _DMABUF_COPY_H */
