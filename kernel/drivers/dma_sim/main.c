// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma_sim: the platform device and the dmaengine device on it.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "dma_sim.h"

#define DMA_SIM_MAX_CHANNELS	32
#define DMA_SIM_MAX_ALIGNMENT	BIT(DMAENGINE_ALIGN_256_BYTES)

static unsigned int nr_channels = 4;
module_param(nr_channels, uint, 0444);
MODULE_PARM_DESC(nr_channels, "Channels, 1 .. 32 (default 4)");

static unsigned int alignment = 1;
module_param(alignment, uint, 0444);
MODULE_PARM_DESC(alignment,
		 "Addresses and lengths must be multiples of this, a power of 2 up to 256 (default 1)");

/**
 * struct dma_sim - the device
 * @dma: what dmaengine sees
 * @chans: its channels
 */
struct dma_sim {
	struct dma_device dma;
	struct dma_sim_chan chans[];
};

static struct platform_device *dma_sim_pdev;

static void dma_sim_release(struct dma_device *dma)
{
	kfree(container_of(dma, struct dma_sim, dma));
}

static struct dma_sim *dma_sim_create(struct device *dev)
{
	struct dma_sim *sim;
	unsigned int i;

	sim = kzalloc(struct_size(sim, chans, nr_channels), GFP_KERNEL);
	if (!sim)
		return NULL;
	sim->dma.dev = dev;
	sim->dma.device_release = dma_sim_release;
	INIT_LIST_HEAD(&sim->dma.channels);
	dma_sim_chan_set_ops(&sim->dma);
	sim->dma.copy_align = ilog2(alignment);
	/* Not for the kernel's own copies: they would only get slower. */
	dma_cap_set(DMA_PRIVATE, sim->dma.cap_mask);
	for (i = 0; i < nr_channels; i++)
		dma_sim_chan_init(&sim->chans[i], &sim->dma);
	return sim;
}

static int __init dma_sim_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct dma_sim *sim;
	int ret;

	if (device_iommu_mapped(dev))
		return dev_err_probe(dev, -EOPNOTSUPP,
				     "behind an IOMMU: bus addresses tell nothing about memory\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(dev, UINT_MAX);

	sim = dma_sim_create(dev);
	if (!sim)
		return -ENOMEM;
	ret = dma_async_device_register(&sim->dma);
	if (ret) {
		kfree(sim);
		return ret;
	}
	platform_set_drvdata(pdev, sim);
	dma_sim_fault_start(&sim->dma);
	return 0;
}

/* No channel has a client: dmaengine holds the module while one has. */
static void dma_sim_remove(struct platform_device *pdev)
{
	struct dma_sim *sim = platform_get_drvdata(pdev);

	dma_sim_fault_stop();
	dma_async_device_unregister(&sim->dma);
}

static struct platform_driver dma_sim_driver = {
	.driver.name = "dma_sim",
	.remove = dma_sim_remove,
};

static int __init dma_sim_init(void)
{
	if (nr_channels < 1 || nr_channels > DMA_SIM_MAX_CHANNELS) {
		pr_err("dma_sim: nr_channels=%u is not within 1 .. %u\n",
		       nr_channels, DMA_SIM_MAX_CHANNELS);
		return -EINVAL;
	}
	if (alignment > DMA_SIM_MAX_ALIGNMENT || !is_power_of_2(alignment)) {
		pr_err("dma_sim: alignment=%u is no power of 2 up to %lu\n",
		       alignment, DMA_SIM_MAX_ALIGNMENT);
		return -EINVAL;
	}
	dma_sim_pdev = platform_create_bundle(&dma_sim_driver, dma_sim_probe,
					      NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(dma_sim_pdev);
}

static void __exit dma_sim_exit(void)
{
	platform_device_unregister(dma_sim_pdev);
	platform_driver_unregister(&dma_sim_driver);
}

module_init(dma_sim_init);
module_exit(dma_sim_exit);

MODULE_DESCRIPTION("DMA engine in software, for machines that have none");
MODULE_LICENSE("GPL");
