// SPDX-License-Identifier: GPL-2.0-only
/* Buffers of a DRM driver: from vgem. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/drm.h>

#include "bench.h"

int bench_expect_vgem(struct bench *bench)
{
	int card = st_vgem_open();

	bench_expect(bench, card >= 0, "no vgem device in /dev/dri");
	return card;
}

/* The handle stays: without one the object forgets that it is a dma-buf. */
void bench_expect_gem(struct bench *bench, int card, struct st_buffer *buf)
{
	struct drm_mode_create_dumb create = { .width = 32, .height = 32, .bpp = 32 };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int err = ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create) ? -errno : 0;

	prime.handle = create.handle;
	if (!err)
		err = ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -errno : 0;
	if (!err)
		err = st_buffer_from_fd(buf, prime.fd);
	bench_expect(bench, !err, "no buffer from vgem: %s", strerror(-err));
}
