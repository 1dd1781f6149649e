/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's edu device. As in st.h, functions return a negative errno and print nothing. */
#ifndef _DMABUF_SYNC_EDU_DEVICE_H
#define _DMABUF_SYNC_EDU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct edu_device - the device
 * @name: where it is on PCI
 */
struct edu_device {
	char name[32];
};

/* Return: 0, or -ENOENT: the machine has none. */
int edu_find(struct edu_device *edu);
/* Can it be given any memory? It has an IOMMU, or there is not more than it reaches. */
bool edu_reaches_memory(const struct edu_device *edu);
/* The name of its dmaengine channel. -ENOENT: the driver does not have it. */
int edu_channel(const struct edu_device *edu, char *channel, size_t size);
/* Take it off the bus, look for it again. */
int edu_remove(const struct edu_device *edu);
int edu_rescan(void);
/* Take the driver off it, give it back. */
int edu_unbind(const struct edu_device *edu);
int edu_bind(const struct edu_device *edu);
/* How many interrupts it has raised since the driver has it. */
long edu_interrupts(void);

#endif /* _DMABUF_SYNC_EDU_DEVICE_H */
