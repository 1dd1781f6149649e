// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device of a channel is taken away, or its driver is: dmaengine does not tell its clients, but
 * the bus does, before the driver's remove(). When that goes on there are neither jobs nor
 * mappings: what is mapped for a device must be unmapped while it has an IOMMU.
 *
 * A module that is unloaded is no such case, since channels in use keep it.
 */
#include <linux/device.h>
#include <linux/device/bus.h>

#include "dmabuf_copy.h"

static void dcopy_unplug(struct dcopy_engine *engine)
{
	struct dcopy_client *client;

	dcopy_engine_leave(engine);
	down_write(&engine->present);
	dcopy_engine_let_go(engine);
	mutex_lock(&engine->clients_lock);
	list_for_each_entry(client, &engine->clients, node)
		dcopy_map_unplug(client);
	mutex_unlock(&engine->clients_lock);
	up_write(&engine->present);
}

static int dcopy_unplug_notify(struct notifier_block *nb, unsigned long action,
			       void *data)
{
	struct dcopy_engine *engine = container_of(nb, struct dcopy_engine, unplug);

	if (action != BUS_NOTIFY_UNBIND_DRIVER || data != engine->dev || !engine->chan)
		return NOTIFY_DONE;
	dcopy_unplug(engine);
	return NOTIFY_OK;
}

/**
 * dcopy_unplug_watch() - look out for the end of a channel's device
 * @engine: a new engine
 *
 * Context: process context.
 * Return: 0, or -ENODEV (too late: it has gone).
 */
int dcopy_unplug_watch(struct dcopy_engine *engine)
{
	struct device *dev = engine->dev;
	int ret = -ENODEV;

	engine->unplug.notifier_call = dcopy_unplug_notify;
	device_lock(dev);
	if (device_is_bound(dev))
		ret = bus_register_notifier(dev->bus, &engine->unplug);
	device_unlock(dev);
	return ret;
}

/**
 * dcopy_unplug_ignore() - end what dcopy_unplug_watch() began
 * @engine: the engine
 *
 * Context: process context; waits until it is not being unplugged.
 */
void dcopy_unplug_ignore(struct dcopy_engine *engine)
{
	bus_unregister_notifier(engine->dev->bus, &engine->unplug);
}
