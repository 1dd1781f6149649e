// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma_edu: finds the PCI device and gives it to dmaengine.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iommu-dma.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "dma_edu.h"
#include "regs.h"

#define DMA_EDU_NAME	"dma_edu"

/* Some device of another kind may have the same numbers. */
static bool dma_edu_is_there(void __iomem *regs)
{
	const u32 probe = 0x5a5ac3c3;

	if ((readl(regs + DMA_EDU_REG_ID) & DMA_EDU_ID_MASK) != DMA_EDU_ID)
		return false;
	writel(probe, regs + DMA_EDU_REG_LIVE);
	return readl(regs + DMA_EDU_REG_LIVE) == ~probe;
}

static void dma_edu_release(struct dma_device *dma)
{
	struct dma_edu *edu = container_of(dma, struct dma_edu, dma);

	pci_dev_put(edu->pdev);
	kfree(edu);
}

static struct dma_edu *dma_edu_create(struct pci_dev *pdev)
{
	struct dma_edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);

	if (!edu)
		return NULL;
	edu->pdev = pci_dev_get(pdev);
	edu->dma.dev = &pdev->dev;
	edu->dma.device_release = dma_edu_release;
	dma_edu_chan_init(edu);
	dma_edu_run_init(edu);
	return edu;
}

/* The registers, mapped; the device answers. */
static int dma_edu_map(struct dma_edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_request_mem_regions(pdev, DMA_EDU_NAME);
	if (ret)
		return ret;
	ret = -ENOMEM;
	edu->regs = pci_iomap(pdev, 0, 0);
	if (!edu->regs)
		goto err_regions;
	ret = -ENODEV;
	if (!dma_edu_is_there(edu->regs))
		goto err_iomap;
	return 0;

err_iomap:
	pci_iounmap(pdev, edu->regs);
err_regions:
	pci_release_mem_regions(pdev);
	return ret;
}

static int dma_edu_request_irq(struct dma_edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return ret;
	edu->irq = pci_irq_vector(pdev, 0);
	ret = request_irq(edu->irq, dma_edu_run_irq, IRQF_SHARED, DMA_EDU_NAME, edu);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static int dma_edu_set_up(struct dma_edu *edu)
{
	int ret;

	ret = dma_edu_map(edu);
	if (ret)
		return ret;
	ret = dma_edu_run_start(edu);
	if (ret)
		goto err_unmap;
	ret = dma_edu_request_irq(edu);
	if (ret)
		goto err_unmap;
	ret = dma_async_device_register(&edu->dma);
	if (ret)
		goto err_irq;
	return 0;

err_irq:
	dma_edu_run_leave(edu);
	pci_free_irq_vectors(edu->pdev);
err_unmap:
	pci_iounmap(edu->pdev, edu->regs);
	pci_release_mem_regions(edu->pdev);
	return ret;
}

/*
 * Fail here rather than when a client maps a buffer, where the DMA core warns. Bounce buffers do
 * not help: they are above what the device reaches, too.
 */
static int dma_edu_set_mask(struct device *dev)
{
	int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(DMA_EDU_ADDRESS_BITS));

	if (!ret && dma_addressing_limited(dev) && !use_dma_iommu(dev)) {
		dev_err(dev, "reaches 256 MiB: needs an IOMMU, or less memory in the machine\n");
		ret = -EOPNOTSUPP;
	}
	/* A descriptor of any size becomes transfers of 4 KiB. */
	dma_set_max_seg_size(dev, UINT_MAX);
	return ret;
}

static int dma_edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dma_edu *edu;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_edu_set_mask(&pdev->dev);
	if (ret)
		goto err_disable;

	ret = -ENOMEM;
	edu = dma_edu_create(pdev);
	if (!edu)
		goto err_disable;
	ret = dma_edu_set_up(edu);
	if (ret)
		goto err_free;
	pci_set_drvdata(pdev, edu);
	return 0;

err_free:
	dma_edu_release(&edu->dma);
err_disable:
	pci_disable_device(pdev);
	return dev_err_probe(&pdev->dev, ret, "the device cannot be used\n");
}

/* Called not only when the module is unloaded: a device can be removed in the middle of a copy. */
static void dma_edu_remove(struct pci_dev *pdev)
{
	struct dma_edu *edu = pci_get_drvdata(pdev);
	void __iomem *regs = edu->regs;

	dma_edu_run_leave(edu);
	pci_free_irq_vectors(pdev);
	/* The end of @edu, unless a client has the channel. */
	dma_async_device_unregister(&edu->dma);
	pci_iounmap(pdev, regs);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}

static int dma_edu_suspend(struct device *dev)
{
	return dma_edu_run_suspend(dev_get_drvdata(dev));
}

static int dma_edu_resume(struct device *dev)
{
	return dma_edu_run_start(dev_get_drvdata(dev));
}

static DEFINE_SIMPLE_DEV_PM_OPS(dma_edu_pm_ops, dma_edu_suspend, dma_edu_resume);

static const struct pci_device_id dma_edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, dma_edu_ids);

static struct pci_driver dma_edu_driver = {
	.name = DMA_EDU_NAME,
	.id_table = dma_edu_ids,
	.probe = dma_edu_probe,
	.remove = dma_edu_remove,
	.driver.pm = pm_sleep_ptr(&dma_edu_pm_ops),
};

module_pci_driver(dma_edu_driver);

MODULE_DESCRIPTION("DMA engine of QEMU's PCI device edu");
MODULE_LICENSE("GPL");
