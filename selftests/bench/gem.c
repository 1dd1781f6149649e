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

static bool is_vgem(int card)
{
	char name[8] = "";
	struct drm_version version = { .name_len = sizeof(name) - 1, .name = name };

	return !ioctl(card, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem");
}

static int vgem_open(void)
{
	char path[32];
	int i, card;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		if (card >= 0 && is_vgem(card))
			return card;
		if (card >= 0)
			close(card);
	}
	return -1;
}

int bench_expect_vgem(struct bench *bench)
{
	int card = vgem_open();

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
