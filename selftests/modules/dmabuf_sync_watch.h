/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/dmabuf_sync_watch: a timer on each processor that notes how late it was, which is how long
 * interrupts were off there. One file can be open at a time; closing it stops the timers.
 * A root-only test device, not an interface: programs and module are built together.
 */
#ifndef _DMABUF_SYNC_WATCH_H
#define _DMABUF_SYNC_WATCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DSW_MIN_PERIOD_NS	10000
#define DSW_MAX_PERIOD_NS	100000000

/* Begin, or begin anew with another period. */
struct dsw_start {
	__u64 period_ns;
};

/* What was seen since the start or the last read. */
struct dsw_read {
	__u64 ticks;		/* of all processors */
	__u64 lost;		/* periods that passed without a tick */
	__u64 late_ns;		/* the latest tick of all that came upon the kernel at work */
	__u32 cpu;		/* where that was */
	__u32 reserved;
	char where[488];	/* what ran there when interrupts came on again, innermost first */
};

#define DSW_MAGIC	0xBF
#define DSW_START	_IOW(DSW_MAGIC, 0, struct dsw_start)
#define DSW_READ	_IOR(DSW_MAGIC, 1, struct dsw_read)

#endif /* _DMABUF_SYNC_WATCH_H */
