/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the edu device; docs/specs/edu.rst of QEMU describes them. While a transfer is
 * under way the device ignores what is written to the DMA registers: nothing calls it off.
 */
#ifndef _DMA_EDU_REGS_H
#define _DMA_EDU_REGS_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/types.h>

#define DMA_EDU_REG_ID		0x00	/* 0xMMmm00ed: major and minor version */
#define DMA_EDU_REG_LIVE	0x04	/* reads as the complement of what was written */
#define DMA_EDU_REG_IRQ_STATUS	0x24	/* causes of the interrupt */
#define DMA_EDU_REG_IRQ_ACK	0x64	/* causes to be cleared */
#define DMA_EDU_REG_SRC		0x80
#define DMA_EDU_REG_DST		0x88
#define DMA_EDU_REG_COUNT	0x90
#define DMA_EDU_REG_COMMAND	0x98

#define DMA_EDU_ID_MASK		0x0000ffff
#define DMA_EDU_ID		0x000000ed

#define DMA_EDU_COMMAND_RUN	BIT(0)	/* stays set until the transfer is over */
#define DMA_EDU_COMMAND_WRITE	BIT(1)	/* from the device to memory, else to the device */
#define DMA_EDU_COMMAND_IRQ	BIT(2)	/* interrupt at the end */

#define DMA_EDU_IRQ_DMA		BIT(8)

/* Its buffer, in the address space that the DMA registers use for it. */
#define DMA_EDU_BUFFER		0x40000
#define DMA_EDU_BUFFER_BYTES	4096

/* Width of the bus addresses that it can use. */
#define DMA_EDU_ADDRESS_BITS	28

static inline bool dma_edu_regs_busy(void __iomem *regs)
{
	return readl(regs + DMA_EDU_REG_COMMAND) & DMA_EDU_COMMAND_RUN;
}

/* Clear the causes of the interrupt. Returns which there were; a device that is gone has none. */
static inline u32 dma_edu_regs_ack(void __iomem *regs)
{
	u32 causes = readl(regs + DMA_EDU_REG_IRQ_STATUS);

	if (!causes || causes == ~0U)
		return 0;
	writel(causes, regs + DMA_EDU_REG_IRQ_ACK);
	return causes;
}

static inline void dma_edu_regs_transfer(void __iomem *regs, u32 src, u32 dst,
					 u32 bytes, u32 command)
{
	writel(src, regs + DMA_EDU_REG_SRC);
	writel(dst, regs + DMA_EDU_REG_DST);
	writel(bytes, regs + DMA_EDU_REG_COUNT);
	writel(command | DMA_EDU_COMMAND_RUN | DMA_EDU_COMMAND_IRQ,
	       regs + DMA_EDU_REG_COMMAND);
}

#endif /* _DMA_EDU_REGS_H */
