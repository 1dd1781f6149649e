// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf_copy: starts and stops the parts.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "../../compat/compat.h"
#include "dmabuf_copy.h"

/* What comes after the end of a job. No fence waits for it. */
struct workqueue_struct *dcopy_wq;

static struct miscdevice dcopy_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_copy",
	.fops = &dcopy_client_fops,
};

static int __init dcopy_init(void)
{
	int ret;

	dcopy_wq = alloc_workqueue("dmabuf_copy", WQ_UNBOUND, 0);
	if (!dcopy_wq)
		return -ENOMEM;
	ret = misc_register(&dcopy_device);
	if (ret)
		destroy_workqueue(dcopy_wq);
	return ret;
}

/* Clients and fences hold the module: what is left are functions about to return. */
static void __exit dcopy_exit(void)
{
	misc_deregister(&dcopy_device);
	destroy_workqueue(dcopy_wq);
	rcu_barrier();
}

module_init(dcopy_init);
module_exit(dcopy_exit);

MODULE_DESCRIPTION("Copies between dma-bufs by a DMA engine");
MODULE_LICENSE("GPL");
DMABUF_SYNC_IMPORT_NS_DMA_BUF;
