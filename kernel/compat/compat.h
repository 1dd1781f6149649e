/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the module is built for. Not part of the in-tree
 * form.
 */
#ifndef _DSYNC_COMPAT_H
#define _DSYNC_COMPAT_H

#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "dmabuf-sync needs Linux 6.12 or newer: disable_work_sync() and the dma_resv usages."
#endif

/* 6.13 made the argument of MODULE_IMPORT_NS() a string. Can go with 6.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define DMABUF_SYNC_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define DMABUF_SYNC_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

/* 6.17 made these names safe after the signal, by RCU. Can go with 6.12. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
static inline const char __rcu *dma_fence_driver_name(struct dma_fence *fence)
{
	return (const char __rcu *)fence->ops->get_driver_name(fence);
}

static inline const char __rcu *dma_fence_timeline_name(struct dma_fence *fence)
{
	return (const char __rcu *)fence->ops->get_timeline_name(fence);
}
#endif

#endif /* _DSYNC_COMPAT_H */
