// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherency: the exporter's begin_cpu_access and end_cpu_access around CPU accesses.
 *
 * Each access has one call of each, for the whole buffer, while accesses are of ranges. To begin
 * "from the device" fetches all bytes, which takes from the CPUs what they have written and not
 * passed on; to end "to the device" passes all bytes on, which takes from the device what it has
 * written and the CPUs have not fetched. Exporters copy (bounce buffers), or write back and
 * discard caches. So while a CPU writer's window is open
 *
 *	nothing is fetched: windows that open or close beside it do so "to the device";
 *	no device writes (conflict.c), so that the first writer's fetch was enough for all.
 *
 * The exporter is called directly. dma_buf_begin_cpu_access() would in addition wait for
 * all fences in the resv: those that concern this access were waited for already, and the
 * others belong to jobs on other bytes of the buffer, which the CPU is to work beside.
 */
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-resv.h>
#include <linux/iommu-dma.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#include "buf.h"
#include "coherency.h"
#include "owner.h"
#include "set.h"
#include "trace_access.h"

/**
 * struct dsync_windows - the CPU windows of a buffer
 * @lock: serializes the calls of the exporter; nothing of ours is taken inside it
 * @nr_writers: windows of writers that are open
 */
struct dsync_windows {
	struct mutex lock; /* see above */
	unsigned int nr_writers;
};

/* Of a window that neither opens nor closes: it goes on for another access. */
#define DIR_KEPT	DMA_NONE

static bool has_windows(const struct dma_buf *dmabuf)
{
	return dmabuf->ops->begin_cpu_access || dmabuf->ops->end_cpu_access;
}

/* How the exporter is called, at the begin and at the end. */
static enum dma_data_direction direction_of(const struct dsync_access *access,
					    unsigned int other_writers)
{
	if (other_writers)
		return DMA_TO_DEVICE;
	return dsync_access_writes(access) ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE;
}

static int window_open(struct dsync_access *access, struct dsync_windows *windows)
{
	enum dma_data_direction dir = direction_of(access, windows->nr_writers);
	struct dma_buf *dmabuf = access->buf->dmabuf;
	int ret = 0;

	lockdep_assert_held(&windows->lock);
	if (dmabuf->ops->begin_cpu_access)
		ret = dmabuf->ops->begin_cpu_access(dmabuf, dir);
	if (dsync_access_writes(access))
		windows->nr_writers++;
	dsync_trace(cpu_access_begin, access, dir, ret);
	return ret;
}

/* The exporter did not open it. */
static void window_forget(struct dsync_access *access, struct dsync_windows *windows)
{
	if (dsync_access_writes(access))
		windows->nr_writers--;
}

static void window_close(struct dsync_access *access, struct dsync_windows *windows)
{
	struct dma_buf *dmabuf = access->buf->dmabuf;
	enum dma_data_direction dir;
	int ret = 0;

	lockdep_assert_held(&windows->lock);
	if (dsync_access_writes(access))
		windows->nr_writers--;
	dir = direction_of(access, windows->nr_writers);
	if (dmabuf->ops->end_cpu_access)
		ret = dmabuf->ops->end_cpu_access(dmabuf, dir);
	dsync_trace(cpu_access_end, access, dir, ret);
}

static noinline struct dsync_windows *windows_make(struct dsync_buf *buf)
{
	struct dsync_windows *windows, *other;

	windows = kzalloc(sizeof(*windows), GFP_KERNEL_ACCOUNT);
	if (!windows)
		return NULL;
	mutex_init(&windows->lock);
	other = cmpxchg(&buf->windows, NULL, windows);
	if (!other)
		return windows;
	kfree(windows);
	return other;
}

/* The buffer's windows, made by the first access. */
static struct dsync_windows *windows_get(struct dsync_buf *buf)
{
	/* Pairs with cmpxchg() in windows_make(). */
	return smp_load_acquire(&buf->windows) ?: windows_make(buf);
}

static int access_begin(struct dsync_access *access)
{
	struct dsync_windows *windows;
	int ret;

	if (!has_windows(access->buf->dmabuf)) {
		dsync_trace(cpu_access_begin, access, direction_of(access, 0), 0);
		return 0;
	}
	windows = windows_get(access->buf);
	if (!windows)
		return -ENOMEM;
	if (mutex_lock_interruptible(&windows->lock))
		return -ERESTARTSYS;
	ret = window_open(access, windows);
	if (ret)
		window_forget(access, windows);
	mutex_unlock(&windows->lock);
	return ret;
}

static void access_end(struct dsync_access *access)
{
	struct dsync_windows *windows = access->buf->windows;

	if (!has_windows(access->buf->dmabuf)) {
		dsync_trace(cpu_access_end, access, direction_of(access, 0), 0);
		return;
	}
	mutex_lock(&windows->lock);
	window_close(access, windows);
	mutex_unlock(&windows->lock);
}

static void windows_close_until(struct dsync_set *set, struct dsync_access *end)
{
	struct dsync_access *access;

	for (access = set->accesses; access < end; access++)
		if (!dsync_access_is_dma(access))
			access_end(access);
}

/**
 * dsync_coherency_begin() - make the buffers of a held set ready for the CPU
 * @set: the set
 *
 * Context: process context; may sleep as the exporters do.
 * Return: 0, -ENOMEM, -ERESTARTSYS, or what an exporter returned; then all windows are closed
 * again.
 */
int dsync_coherency_begin(struct dsync_set *set)
{
	struct dsync_access *access;
	int ret;

	if (!set->has_cpu)
		return 0;
	dsync_set_for_each(set, access) {
		if (dsync_access_is_dma(access))
			continue;
		ret = access_begin(access);
		if (ret) {
			windows_close_until(set, access);
			return ret;
		}
	}
	set->windows = true;
	return 0;
}

/**
 * dsync_coherency_end() - take back dsync_coherency_begin()
 * @set: the set, still held
 *
 * Context: process context; may sleep as the exporters do.
 */
void dsync_coherency_end(struct dsync_set *set)
{
	if (set->windows)
		windows_close_until(set, set->accesses + set->nr);
	set->windows = false;
}

/**
 * dsync_coherency_pause() - the access of a set is about to be cut
 * @set: a ready set of one CPU access
 * @mode: what its mode will be
 *
 * The owner goes on in the bytes that it keeps, so the window stays as it is. Only if it is not to
 * write any more, what was written is passed on.
 *
 * Context: process context; may sleep as the exporter does.
 */
void dsync_coherency_pause(struct dsync_set *set, u32 mode)
{
	const struct dsync_access *access = &set->accesses[0];

	if (dsync_access_writes(access) && !(mode & DMA_BUF_ACCESS_W))
		dsync_coherency_end(set);
	else
		dsync_trace(cpu_access_end, access, DIR_KEPT, 0);
}

static void access_resume(struct dsync_access *access)
{
	struct dsync_windows *windows = access->buf->windows;

	if (access->set->windows || !windows) {
		dsync_trace(cpu_access_begin, access, DIR_KEPT, 0);
		return;
	}
	mutex_lock(&windows->lock);
	window_open(access, windows);
	mutex_unlock(&windows->lock);
}

/**
 * dsync_coherency_resume() - an owner goes on with bytes that it held already
 * @set: a set of CPU accesses: ready, after dsync_coherency_pause(), or a new one
 *
 * It may have written there, so that the end of a window has to pass it on, whatever the begin
 * returns: a failure is in the trace only, and no signal ends the wait for the exporter.
 *
 * Context: process context; may sleep as the exporter does.
 */
void dsync_coherency_resume(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		access_resume(access);
	set->windows = true;
}

/*
 * Exporters whose begin_cpu_access and end_cpu_access do nothing but dma_sync_sgtable_for_cpu() and
 * dma_sync_sgtable_for_device(), by their name in bufinfo. Of others nothing is known.
 */
static char *syncing_exporters[16] = { "udmabuf", "system" };
static int nr_syncing_exporters = 2;
module_param_array(syncing_exporters, charp, &nr_syncing_exporters, 0444);
MODULE_PARM_DESC(syncing_exporters,
		 "exporters whose CPU access calls only sync for the devices that are attached");

static bool exporter_only_syncs(const struct dma_buf *dmabuf)
{
	int i;

	/* What such a call does to caches depends on devices of the exporter, too. */
	if (IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) ||
	    IS_ENABLED(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE))
		return false;
	for (i = 0; i < nr_syncing_exporters; i++)
		if (!strcmp(dmabuf->exp_name, syncing_exporters[i]))
			return true;
	return false;
}

/*
 * Does the device see some memory through swiotlb? Behind an IOMMU every device reaches all
 * memory, however few address bits it has, and only untrusted devices get bounce buffers.
 */
static bool device_bounces(struct device *dev)
{
	if (use_dma_iommu(dev))
		return dev_is_pci(dev) && to_pci_dev(dev)->untrusted;
	return is_swiotlb_force_bounce(dev) || dma_addressing_limited(dev);
}

static bool importer_bounces(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	bool bounces = false;

	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(attach, &dmabuf->attachments, node)
		bounces |= device_bounces(attach->dev);
	dma_resv_unlock(dmabuf->resv);
	return bounces;
}

/**
 * dsync_coherency_mode() - the mode of a driver's access
 * @dmabuf: the buffer; devices that are to work on it are attached
 * @mode: DMA_BUF_ACCESS_... bits
 *
 * Context: process context; may sleep for the buffer's resv.
 * Return: @mode; with DSYNC_ACCESS_BOUNCED if a device is to write and the end of some CPU window
 * may overwrite that.
 */
u32 dsync_coherency_mode(struct dma_buf *dmabuf, u32 mode)
{
	if (!(mode & DMA_BUF_ACCESS_DMA) || !(mode & DMA_BUF_ACCESS_W) || !has_windows(dmabuf))
		return mode;
	if (exporter_only_syncs(dmabuf) && !importer_bounces(dmabuf))
		return mode;
	return mode | DSYNC_ACCESS_BOUNCED;
}
